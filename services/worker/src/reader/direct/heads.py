"""The beginnings of files of records, each ending after a whole record."""

from collections.abc import Callable, Iterable, Sequence

from libcommon.errors import CodedError

from reader.direct.cutting import Cut
from reader.direct.texts import Text
from reader.disguise import check_disguise

# More than fill a page, of which the library looks at the first.
_MANY_RECORDS = 150
# Where as many bytes hold many records, or more bytes some, they are enough.
_BYTES_OF_MANY = 4 << 20
_BYTES_OF_SOME = 16 << 20

Check = Callable[[str, bytes], tuple[bytes, CodedError | None]]
"""From the path and the beginning of a file to what may be parsed of that, and what is wrong with the rest."""


class Heads:
    """The beginnings of `texts`, of which those of a split have the paths `files`, in order.

    A file that can't be shortened is read whole, if it has no more than `max_bytes`. `check` may shorten it further.
    Of the records, the first `headers` are no rows.
    """

    def __init__(
        self, texts: Iterable[Text], files: Sequence[str], *, cut: Cut, headers: int, check: Check, max_bytes: int
    ) -> None:
        self._texts = {text.path: text for text in texts}
        self._files = files
        self._cut = cut
        self._headers = headers
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
            CodedError: a file before it was shortened; this one can be neither shortened nor read whole, or is not
                what its name says.
        """
        self.check_rows_follow(path)
        if self._last is None or self._last[0] != path:
            content, error = self._check(path, self._beginning(path))
            if error is not None:
                self._ends[path] = error
            self._last = path, content
        return self._last[1]

    @property
    def last(self) -> bytes:
        """The beginning that was read last."""
        return self._last[1] if self._last is not None else b""

    def end_before(self, line: int, error: CodedError) -> bool:
        """Shortens the file that was read last to what is before a line, counted from 1, because of `error`; False if
        there is no row.
        """
        if self._last is None:
            return False
        path, content = self._last
        shortened = self._cut(b"".join(content.splitlines(keepends=True)[: line - 1]))
        if shortened is None or shortened.records <= self._headers:
            return False
        self._last = path, shortened.content
        self._ends[path] = error
        return True

    def _beginning(self, path: str) -> bytes:
        data = b""
        some = self._headers + 1
        steps = ((_BYTES_OF_MANY, _MANY_RECORDS), (_BYTES_OF_SOME, some), (self._max_bytes, some))
        with self._texts[path].open() as stream:
            for length, records in steps:
                most = min(length, self._max_bytes)
                data += stream.read(most + 1 - len(data))
                check_disguise(path, data)
                if len(data) <= most:
                    return data
                shortened = self._cut(data)
                if shortened is not None and shortened.records >= records:
                    message = f"{path} has rows so long that no more of them are read: use shorter rows, or Parquet."
                    self._ends[path] = CodedError("StreamingRowsError", message)
                    return shortened.content
        raise CodedError(
            "StreamingRowsError",
            f"{path} is one long document, or has a longer row, and only {self._max_bytes} bytes of such a one are "
            "read: use JSON Lines (one object a line), shorter lines, or Parquet.",
        )
