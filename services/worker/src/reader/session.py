"""The HTTP session through which the libraries reach the Hub while a dataset is read at one revision.

What the snapshot knows is answered here; parts of files that were fetched already come from disk; and where the Hub
redirects a file to a storage host, further parts of it are asked of that host directly. The rest goes to the Hub.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
from huggingface_hub import get_session, set_client_factory

from reader import http
from reader.ranges import Range, RangeStore
from reader.snapshot import Snapshot

MAX_KEPT_BYTES = 512_000_000
# Formats with a directory at the end of the file are read from there, a few bytes at first.
_TAIL_BYTES = 1 << 16
_RANGE = re.compile(r"bytes=(\d+)-(\d*)")


class _Client(httpx2.Client):
    def __init__(self, endpoint: str, snapshot: Snapshot, store: RangeStore, hooks: Any) -> None:
        super().__init__(**http.options(hooks))
        self._endpoint = httpx2.URL(endpoint)
        self._snapshot = snapshot
        self._store = store
        self._locations: dict[str, httpx2.URL] = {}

    def send(self, request: httpx2.Request, *, stream: bool = False, **options: Any) -> httpx2.Response:
        path = self._path(request.url)
        if path is not None:
            known = self._snapshot.answer(request.method, path, request.url.params)
            if known is not None:
                return _of(request, known)
            file = self._snapshot.file_of(path)
            wanted = self._wanted(request, file)
            if file is not None and wanted is not None:
                return self._send_for_part(request, file, wanted, stream=stream, **options)
        return super().send(request, stream=stream, **options)

    def _path(self, url: httpx2.URL) -> str | None:
        """The raw path below the endpoint, without the query, of a URL that is there."""
        below = self._endpoint
        if (url.scheme, url.host, url.port) != (below.scheme, below.host, below.port):
            return None
        path, base = url.raw_path.decode("ascii").partition("?")[0], below.path.rstrip("/")
        return path.removeprefix(base) if path.startswith(f"{base}/") else None

    def _wanted(self, request: httpx2.Request, file: str | None) -> Range | None:
        given = _RANGE.fullmatch(request.headers.get("Range", ""))
        if request.method != "GET" or given is None or file is None:
            return None
        size = self._snapshot.sizes[file]
        begin, end = int(given[1]), min(int(given[2]) + 1, size) if given[2] else size
        return (begin, end) if begin < end else None

    def _gaps(self, file: str, wanted: Range) -> list[Range]:
        begin, end = wanted
        if end == self._snapshot.sizes[file]:
            begin = max(min(begin, end - _TAIL_BYTES), 0)
        return self._store.gaps(file, (begin, end))

    def _send_for_part(
        self, request: httpx2.Request, file: str, wanted: Range, *, stream: bool, **options: Any
    ) -> httpx2.Response:
        for gap in self._gaps(file, wanted):
            answer = self._fetch(request, file, gap, options)
            if answer.status_code != httpx2.codes.PARTIAL_CONTENT:
                if not stream:
                    answer.read()
                return answer
            data = _read(answer, gap[1] - gap[0])
            if not self._store.put(file, gap[0], data):
                return super().send(request, stream=stream, **options)
        part = self._store.get(file, wanted)
        headers = {"Content-Range": f"bytes {wanted[0]}-{wanted[1] - 1}/{self._snapshot.sizes[file]}"}
        return _of(request, httpx2.Response(httpx2.codes.PARTIAL_CONTENT, headers=headers, content=part))

    def _fetch(self, request: httpx2.Request, file: str, part: Range, options: dict[str, Any]) -> httpx2.Response:
        span = f"bytes={part[0]}-{part[1] - 1}"
        timeout = request.extensions.get("timeout")
        extensions = {"timeout": timeout} if timeout else {}
        if file in self._locations:
            # The token is the Hub's alone; such a URL is signed, for a while.
            direct = self.build_request("GET", self._locations[file], headers={"Range": span}, extensions=extensions)
            answer = super().send(direct, stream=True)
            if answer.status_code == httpx2.codes.PARTIAL_CONTENT:
                return answer
            answer.close()
            del self._locations[file]
        headers = httpx2.Headers(request.headers)
        headers["Range"] = span
        again = self.build_request("GET", request.url, headers=headers, extensions=extensions)
        answer = super().send(again, stream=True, **options)
        if answer.history and answer.status_code == httpx2.codes.PARTIAL_CONTENT:
            self._locations[file] = answer.url
        return answer


def _of(request: httpx2.Request, answer: httpx2.Response) -> httpx2.Response:
    answer.request = request
    return answer


def _read(answer: httpx2.Response, length: int) -> bytes:
    """The body of an answer that must have this length.

    Raises:
        httpx2.RemoteProtocolError: it has another.
    """
    data = bytearray()
    try:
        for chunk in answer.iter_raw():
            data += chunk
            if len(data) > length:
                break
    finally:
        answer.close()
    if len(data) != length:
        raise httpx2.RemoteProtocolError(f"asked for {length} bytes of a file and got {len(data)} or more")
    return bytes(data)


@contextmanager
def reading(snapshot: Snapshot | None, endpoint: str, directory: Path) -> Iterator[None]:
    """Within the block the libraries reach the Hub through a session that knows `snapshot`; parts of files are kept
    in `directory`. Without a snapshot they ask the Hub for everything.
    """
    if snapshot is None:
        yield
        return
    store = RangeStore(directory, MAX_KEPT_BYTES)
    # What the session before checks of each request (see `outbound`), this one does too.
    hooks = get_session().event_hooks
    set_client_factory(lambda: _Client(endpoint, snapshot, store, hooks))
    try:
        yield
    finally:
        set_client_factory(lambda: httpx2.Client(**http.options(hooks)))
        store.close()
