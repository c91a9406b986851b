"""A Hub for the auth check that is slow, wrong or strange, as a test wants it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

_MAX_HELD_SECONDS = 20


class OddHub:
    """Answers every request with `status`, `headers` and `body`, not before `released` is set; notes them in `asked`,
    each a path with its headers.
    """

    def __init__(self) -> None:
        self.url = ""
        self.released = threading.Event()
        self.reset()

    def reset(self) -> None:
        """Lets everybody in again, and forgets who asked."""
        self.status = 200
        self.headers: dict[str, str] = {}
        self.body = b"{}"
        self.released.set()
        self.asked: list[tuple[str, dict[str, str]]] = []

    @contextmanager
    def listening(self) -> Iterator[Self]:
        """Listens for the time of a `with` block."""
        hub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            # Head and body are two writes: the second would wait for the first one's receipt.
            disable_nagle_algorithm = True

            def do_GET(self) -> None:
                hub.asked.append((self.path, {key.lower(): value for key, value in self.headers.items()}))
                hub.released.wait(_MAX_HELD_SECONDS)
                self.send_response(hub.status)
                for key, value in {"Content-Length": str(len(hub.body)), **hub.headers}.items():
                    self.send_header(key, value)
                self.end_headers()
                self.wfile.write(hub.body)

            def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the name it has in the base
                pass

        with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            server.daemon_threads = True
            self.url = f"http://127.0.0.1:{server.server_address[1]}"
            thread = threading.Thread(target=server.serve_forever, args=(0.05,))
            thread.start()
            try:
                yield self
            finally:
                self.released.set()
                server.shutdown()
                thread.join()
