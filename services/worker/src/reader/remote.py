"""A file of the dataset on the Hub, read part by part."""

import io
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from huggingface_hub import constants, hf_hub_url, hf_raise_for_status
from huggingface_hub.utils import build_hf_headers, http_backoff  # type: ignore[attr-defined]

from reader.ranges import Range
from reader.snapshot import Snapshot

# A Hub gets no more requests at once from a job.
MAX_CONNECTIONS = 16


class Seekable(io.RawIOBase):
    """A file of `size` bytes that is read from any position."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self.size}[whence]
        self._position = max(base + offset, 0)
        return self._position


class RemoteFile(Seekable):
    """A file of a snapshot, for within `session.reading`, which keeps what was fetched."""

    def __init__(self, snapshot: Snapshot, path: str, *, token: str | None) -> None:
        super().__init__(snapshot.sizes[path])
        self.path = path
        self._url = hf_hub_url(snapshot.dataset, path, repo_type="dataset", revision=snapshot.revision)
        self._headers = build_hf_headers(token=token or False)

    def fetch(self, wanted: Range) -> bytes:
        """A part of the file.

        Raises:
            huggingface_hub.errors.HfHubHTTPError: the Hub refuses it.
            httpx2.TransportError: the Hub can't be reached.
        """
        begin, end = max(wanted[0], 0), min(wanted[1], self.size)
        if begin >= end:
            return b""
        headers = {**self._headers, "Range": f"bytes={begin}-{end - 1}"}
        answer = http_backoff("GET", self._url, headers=headers, timeout=constants.HF_HUB_DOWNLOAD_TIMEOUT)
        hf_raise_for_status(answer)
        content: bytes = answer.content
        return content

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer).cast("B")
        data = self.fetch((self._position, self._position + len(view)))
        view[: len(data)] = data
        self._position += len(data)
        return len(data)


def fetch_all(parts: Iterable[tuple[RemoteFile, Range]]) -> None:
    """Fetches parts of files, a few at a time, so that they are kept when they are read.

    Raises:
        huggingface_hub.errors.HfHubHTTPError, httpx2.TransportError: as `RemoteFile.fetch`.
    """
    wanted = list(parts)
    if not wanted:
        return
    with ThreadPoolExecutor(min(MAX_CONNECTIONS, len(wanted))) as pool:
        for _ in pool.map(lambda part: part[0].fetch(part[1]), wanted):
            pass
