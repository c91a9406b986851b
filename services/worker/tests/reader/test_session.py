"""What was fetched of a file is not fetched again, and where the Hub redirects to is asked without its token."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx2
import pytest
from huggingface_hub import get_session
from reader.ranges import Range
from reader.session import reading
from reader.snapshot import Snapshot

REVISION = "1" * 40
CONTENT = bytes(range(256)) * 1024
SNAPSHOT = Snapshot("a/b", REVISION, {"data.bin": len(CONTENT), "other.bin": 10})
PATH = f"/datasets/a/b/resolve/{REVISION}/data.bin"


class Server:
    """Answers ranges of `CONTENT`, or redirects to where they are; `asked` has each request's headers."""

    def __init__(self) -> None:
        self.asked: list[dict[str, str]] = []
        self.redirect_to: str | None = None
        self.refuses = False
        self.longer = 0
        self.endpoint = ""

    @property
    def ranges(self) -> list[str]:
        return [headers["Range"] for headers in self.asked]


@contextmanager
def serving() -> Iterator[Server]:
    state = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            state.asked.append(dict(self.headers.items()))
            begin, end = (int(number) for number in self.headers["Range"].removeprefix("bytes=").split("-"))
            body, status, headers = CONTENT[begin : end + 1 + state.longer], 206, {}
            if state.redirect_to is not None:
                body, status, headers = b"", 302, {"Location": f"{state.redirect_to}/signed"}
            elif state.refuses:
                body, status = b"", 403
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the name it has in the base
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            state.endpoint = f"http://127.0.0.1:{server.server_port}"
            yield state
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def hub() -> Iterator[Server]:
    with serving() as server:
        yield server


@pytest.fixture
def storage() -> Iterator[Server]:
    with serving() as server:
        yield server


def read(hub: Server, span: Range) -> bytes:
    headers = {"Authorization": "Bearer hf_secret", "Range": f"bytes={span[0]}-{span[1] - 1}"}
    answer = get_session().get(f"{hub.endpoint}{PATH}", headers=headers, timeout=10)
    assert answer.status_code == 206
    assert answer.headers["Content-Range"] == f"bytes {span[0]}-{span[1] - 1}/{len(CONTENT)}"
    return answer.content


def test_only_what_is_missing_of_a_part_is_fetched(hub: Server, tmp_path: Path) -> None:
    with reading(SNAPSHOT, hub.endpoint, tmp_path):
        for span in [(0, 100), (50, 200), (20, 150), (300, 400), (0, 500)]:
            assert read(hub, span) == CONTENT[slice(*span)]
    assert hub.ranges == ["bytes=0-99", "bytes=100-199", "bytes=300-399", "bytes=200-299", "bytes=400-499"]


def test_the_end_of_a_file_is_fetched_at_once(hub: Server, tmp_path: Path) -> None:
    size = len(CONTENT)
    with reading(SNAPSHOT, hub.endpoint, tmp_path):
        for begin in (size - 8, size - 30_000, size - 60_000):
            assert read(hub, (begin, size)) == CONTENT[begin:]
    assert hub.ranges == [f"bytes={size - 65_536}-{size - 1}"]


def test_where_the_hub_redirects_to_is_asked_for_the_further_parts_and_never_gets_the_token(
    hub: Server, storage: Server, tmp_path: Path
) -> None:
    hub.redirect_to = storage.endpoint
    with reading(SNAPSHOT, hub.endpoint, tmp_path):
        for begin in (0, 1_000, 2_000):
            assert read(hub, (begin, begin + 10)) == CONTENT[begin : begin + 10]
    assert len(hub.asked) == 1
    assert hub.asked[0]["Authorization"] == "Bearer hf_secret"
    assert len(storage.asked) == 3
    assert not any("Authorization" in headers for headers in storage.asked)


def test_a_redirection_that_is_over_is_asked_for_anew(hub: Server, storage: Server, tmp_path: Path) -> None:
    hub.redirect_to = storage.endpoint
    with reading(SNAPSHOT, hub.endpoint, tmp_path):
        assert read(hub, (0, 10)) == CONTENT[:10]
        hub.redirect_to, storage.refuses = None, True
        assert read(hub, (20, 30)) == CONTENT[20:30]
    assert len(hub.asked) == 2


def test_an_answer_that_is_longer_than_what_was_asked_for_is_not_taken(hub: Server, tmp_path: Path) -> None:
    hub.longer = 5
    with reading(SNAPSHOT, hub.endpoint, tmp_path), pytest.raises(httpx2.RemoteProtocolError):
        read(hub, (0, 10))


def test_after_reading_the_session_is_a_plain_one(hub: Server, tmp_path: Path) -> None:
    with reading(SNAPSHOT, hub.endpoint, tmp_path):
        read(hub, (0, 10))
    headers = {"Range": "bytes=0-9"}
    assert get_session().get(f"{hub.endpoint}{PATH}", headers=headers, timeout=10).content == CONTENT[:10]
    assert len(hub.asked) == 2
