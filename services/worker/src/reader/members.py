"""The files of a dataset, and the members of its zip archives, as the library names them in its rows."""

import zipfile
from collections.abc import Iterable
from posixpath import splitext
from typing import IO

from reader.ranges import Range, join
from reader.remote import RemoteFile, fetch_all
from reader.snapshot import Snapshot

_ZIP = "zip://"
# What is before the bytes of a member: the fixed part of its header, its name, and what else archivers write there.
# Source: APPNOTE.TXT of PKWARE, section 4.3.7.
_HEADER_BYTES = 30
_HEADER_EXTRA_BYTES = 128
# What is longer is fetched when it is read, and less at once.
_MAX_AHEAD_BYTES = 4 << 20
_MAX_GAP_BYTES = 1 << 15


class Members:
    """Reads files of a snapshot, for within `session.reading`."""

    def __init__(self, snapshot: Snapshot, *, token: str | None) -> None:
        self._snapshot = snapshot
        self._token = token
        self._archives: dict[str, zipfile.ZipFile] = {}

    def knows(self, url: str) -> bool:
        """Whether `url` is a file of the snapshot, or a member of a zip archive there."""
        member, path = self._split(url)
        return path in self._snapshot.sizes and (member is None or splitext(path)[1].lower() == ".zip")

    def read(self, url: str, limit: int) -> bytes:
        """The first `limit` bytes of what `knows`.

        Raises:
            KeyError, zipfile.BadZipFile, NotImplementedError, RuntimeError: there is no such member, or it is damaged,
                encrypted or compressed in an unknown way.
            huggingface_hub.errors.HfHubHTTPError, httpx2.TransportError: the Hub fails.
        """
        member, path = self._split(url)
        if member is None:
            return self._file(path).fetch((0, limit))
        with self.open(path, member) as opened:
            return opened.read(limit)

    def names(self, path: str) -> list[str]:
        """The names of the members of the zip archive at `path`. Raises as `read`."""
        return self._archive(path).namelist()

    def open(self, path: str, member: str) -> IO[bytes]:
        """A member of the zip archive at `path`, to be read on. Raises as `read`."""
        return self._archive(path).open(member)

    def prefetch(self, urls: Iterable[str]) -> None:
        """Fetches what is not long, a few at a time, so that it is there when it is read. What can't be fetched fails
        when it is read.
        """
        wanted: dict[str, list[Range]] = {}
        for url in urls:
            member, path = self._split(url)
            try:
                span = (0, self._snapshot.sizes[path]) if member is None else self._span(path, member)
            except (KeyError, zipfile.BadZipFile):
                continue
            if span[1] - span[0] <= _MAX_AHEAD_BYTES:
                wanted.setdefault(path, []).append(span)
        fetch_all(
            (self._file(path), span)
            for path, spans in wanted.items()
            for span in join(spans, gap=_MAX_GAP_BYTES, max_bytes=_MAX_AHEAD_BYTES)
        )

    def _split(self, url: str) -> tuple[str | None, str]:
        """The member, if it is one, and the path of the file."""
        *members, file = url.split("::")
        path = file.removeprefix(self._snapshot.root)
        if len(members) == 1 and members[0].startswith(_ZIP):
            return members[0].removeprefix(_ZIP), path
        return None, url if members else path

    def _span(self, path: str, member: str) -> Range:
        info = self._archive(path).getinfo(member)
        begin = info.header_offset
        header = _HEADER_BYTES + len(info.filename.encode()) + _HEADER_EXTRA_BYTES
        return begin, min(begin + header + info.compress_size, self._snapshot.sizes[path])

    def _archive(self, path: str) -> zipfile.ZipFile:
        if path not in self._archives:
            self._archives[path] = zipfile.ZipFile(self._file(path))
        return self._archives[path]

    def _file(self, path: str) -> RemoteFile:
        return RemoteFile(self._snapshot, path, token=self._token)
