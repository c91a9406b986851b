"""The beginnings of files of records, decompressed, each ending after a whole record."""

import io
import lzma
from collections.abc import Callable, Sequence
from posixpath import splitext
from typing import IO

import pyarrow as pa
from libcommon.errors import CodedError

from reader.direct.cutting import Cut
from reader.remote import RemoteFile
from reader.snapshot import Snapshot

# The library takes as many, of which it looks at the first records.
_FIRST_BYTES = 4 << 20
_MAX_BYTES = 16 << 20
# So many records fill a page.
_ENOUGH_RECORDS = 150
_BUFFER_BYTES = 1 << 20

_PYARROW_CODECS = {".gz": "gzip", ".bz2": "bz2", ".zst": "zstd", ".lz4": "lz4"}
Check = Callable[[str, bytes], tuple[bytes, CodedError | None]]
"""From the path and the beginning of a file to what may be parsed of that, and what is wrong with the rest."""

COMPRESSIONS = {*_PYARROW_CODECS, ".xz"}


class Heads:
    """The beginnings of the `files` of a split, and of others that the library looks into.

    A file that can't be shortened is read whole, if it has no more than `max_bytes`. `check` may shorten it further.
    """

    def __init__(
        self, snapshot: Snapshot, files: Sequence[str], *, token: str | None, cut: Cut, check: Check, max_bytes: int
    ) -> None:
        self._snapshot = snapshot
        self._files = files
        self._token = token
        self._cut = cut
        self._check = check
        self._max_bytes = max_bytes
        self._last: tuple[str, bytes] | None = None
        # Why there are no more rows of a file.
        self._ends: dict[str, CodedError] = {}

    def check_rows_follow(self, path: str | None = None) -> None:
        """Whether no row is missing before those of `path`, or at the end of the split.

        Raises:
            CodedError: why there are no more rows of a file before it.
        """
        before = self._files[: self._files.index(path)] if path in self._files else self._files if path is None else []
        for file in before:
            if file in self._ends:
                raise self._ends[file]

    def read(self, path: str) -> bytes:
        """The beginning of a file.

        Raises:
            CodedError: a file before it was shortened, or this one can be neither shortened nor read whole.
        """
        self.check_rows_follow(path)
        if self._last is None or self._last[0] != path:
            content, error = self._check(path, self._beginning(path))
            if error is not None:
                self._ends[path] = error
            self._last = path, content
        return self._last[1]

    def end_before(self, line: int, error: CodedError) -> bool:
        """Shortens the file that was read last to what is before a line, counted from 1, because of `error`; False if
        that is no row.
        """
        if self._last is None:
            return False
        path, content = self._last
        shortened = self._cut(b"".join(content.splitlines(keepends=True)[: line - 1]))
        # A row besides the header.
        if shortened is None or shortened.records < 2:
            return False
        self._last = path, shortened.content
        self._ends[path] = error
        return True

    def _beginning(self, path: str) -> bytes:
        file = RemoteFile(self._snapshot, path, token=self._token)
        data = b""
        with _decompressed(file) as stream:
            for length in (_FIRST_BYTES, _MAX_BYTES):
                data += stream.read(length + 1 - len(data))
                if len(data) <= length:
                    return data
                shortened = self._cut(data)
                if shortened is not None and (shortened.records >= _ENOUGH_RECORDS or length == _MAX_BYTES):
                    message = f"{path} has rows so long that no more of them are read: use shorter rows, or Parquet."
                    self._ends[path] = CodedError("StreamingRowsError", message)
                    return shortened.content
            data += stream.read(self._max_bytes + 1 - len(data))
        if len(data) > self._max_bytes:
            raise CodedError(
                "StreamingRowsError",
                f"{path} is one long document, and only {self._max_bytes} bytes of such a one are read: "
                "use JSON Lines (one object a line), shorter lines, or Parquet.",
            )
        return data


def _decompressed(file: RemoteFile) -> IO[bytes]:
    suffix = splitext(file.path)[1]
    raw: IO[bytes] = io.BufferedReader(file, _BUFFER_BYTES)
    if suffix == ".xz":
        return lzma.LZMAFile(raw)
    if suffix in _PYARROW_CODECS:
        raw = pa.CompressedInputStream(pa.PythonFile(raw, "r"), _PYARROW_CODECS[suffix])
    return raw
