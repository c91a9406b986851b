"""A real Hub for the tests of other parts, a process of its own on a free port, and a receiver of its webhooks."""

import json
import os
import signal
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, TypeVar

import httpx2

from hub.faults import Faults

_PREFIX = "hub: listening on "
_STOP_SECONDS = 20
_POLL_SECONDS = 0.02
_AS_ME = {"Authorization": "Bearer hf_me"}

T = TypeVar("T")


def eventually(condition: Callable[[], T], seconds: float = 10) -> T:
    """Call `condition` until what it gives is true, and give that. Raises AssertionError after `seconds`."""
    limit = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < limit, f"not so within {seconds} s"
        time.sleep(_POLL_SECONDS)
    return found


def stop(process: "subprocess.Popen[Any]", number: int = signal.SIGTERM) -> int:
    """Stop a process with a signal, with SIGKILL if it doesn't end by that, and give its exit code."""
    if process.poll() is None:
        process.send_signal(number)
    try:
        return process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


@dataclass
class RunningHub:
    """A Hub that serves `directory` at `endpoint`; `http` asks it things as nobody."""

    endpoint: str
    directory: Path
    process: subprocess.Popen[str]
    http: httpx2.Client
    _log: Path

    @property
    def log(self) -> str:
        """What it has written to its log so far."""
        return self._log.read_text()

    @property
    def injected(self) -> dict[str, int]:
        """How often each fault was injected since it started."""
        counts: dict[str, int] = self.http.get("/faults", headers=_AS_ME).raise_for_status().json()["injected"]
        return counts

    @property
    def traffic(self) -> dict[str, int]:
        """The `requests` and `bytes` that it served since it started."""
        counts: dict[str, int] = self.http.get("/traffic", headers=_AS_ME).raise_for_status().json()
        return counts

    def set_faults(self, faults: Faults) -> None:
        """Inject `faults` from now on, in place of those before: `Faults()` ends them."""
        self.http.put("/faults", headers=_AS_ME, json=asdict(faults)).raise_for_status()

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Stop it with a signal, and give its exit code."""
        return stop(self.process, number)


@contextmanager
def running_hub(
    directory: Path,
    *,
    webhooks: Sequence[str] = (),
    webhook_secret: str | None = None,
    worker_token: str = "hf_worker",  # noqa: S107 - the token of a test
    state_directory: Path | None = None,
    port: int = 0,
    faults: Faults | None = None,
) -> Iterator[RunningHub]:
    """Run a Hub over `directory` for the time of a `with` block.

    Raises RuntimeError with its log when it doesn't start.
    """
    command = [sys.executable, "-m", "hub", "--directory", str(directory), "--port", str(port)]
    command += ["--worker-token", worker_token]
    for url in webhooks:
        command += ["--webhook", url]
    if webhook_secret is not None:
        command += ["--webhook-secret", webhook_secret]
    if state_directory is not None:
        command += ["--state-directory", str(state_directory)]
    if faults is not None:
        command += ["--faults", str(faults)]
    environment = {key: value for key, value in os.environ.items() if not key.startswith("HUB_")}
    # An empty context: loading the certificates takes longer than any of the requests, none of which uses TLS.
    http = httpx2.Client(verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), trust_env=False)
    with tempfile.NamedTemporaryFile("a") as log, http:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, env=environment)
        hub = RunningHub("", directory, process, http, Path(log.name))
        assert process.stdout is not None
        try:
            line = process.stdout.readline()
            if not line.startswith(_PREFIX):
                hub.stop()
                raise RuntimeError(f"the hub did not start: {hub.log}")
            hub.endpoint = line.removeprefix(_PREFIX).strip()
            http.base_url = httpx2.URL(hub.endpoint)
            yield hub
        finally:
            hub.stop()
            process.stdout.close()


class WebhookReceiver:
    """Keeps the webhooks it gets in `events`, with their headers in `headers`, and answers each with `status`."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.refused: list[dict[str, Any]] = []
        self.status: Callable[[dict[str, Any]], int] = lambda event: 202
        self.url = ""

    def about(self, repo: str) -> list[tuple[str, str]]:
        """The action and the scope of each event about `repo`, in order."""
        return [
            (event["event"]["action"], event["event"]["scope"])
            for event in list(self.events)
            if event["repo"]["name"] == repo
        ]

    @contextmanager
    def listening(self, port: int = 0) -> Iterator[None]:
        """Listen for the time of a `with` block; can be repeated with the port of `url`."""
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                event = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                status = receiver.status(event)
                (receiver.events if status < 300 else receiver.refused).append(event)
                receiver.headers.append({key.lower(): value for key, value in self.headers.items()})
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the name it has in the base
                pass

        with ThreadingHTTPServer(("127.0.0.1", port), Handler) as server:
            server.daemon_threads = True
            self.url = f"http://127.0.0.1:{server.server_address[1]}/webhook"
            thread = threading.Thread(target=server.serve_forever, args=(0.05,))
            thread.start()
            try:
                yield
            finally:
                server.shutdown()
                thread.join()
