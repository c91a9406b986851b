"""The parts of files that were fetched already, kept on disk, since libraries open the same file often."""

import os
import threading
from bisect import insort
from collections.abc import Iterable
from pathlib import Path

Range = tuple[int, int]
"""From the first byte to the one after the last."""


def join(ranges: Iterable[Range], *, gap: int, max_bytes: int) -> list[Range]:
    """The ranges in order; those with no more than `gap` bytes between them are one, until that has `max_bytes`."""
    joined: list[Range] = []
    for begin, end in sorted(ranges):
        if joined and begin - joined[-1][1] <= gap and end - joined[-1][0] <= max_bytes:
            joined[-1] = joined[-1][0], max(joined[-1][1], end)
        else:
            joined.append((begin, end))
    return joined


class RangeStore:
    """Keeps parts of files in one file of `directory`, up to `max_bytes` in all; more is not kept. Safe for threads."""

    def __init__(self, directory: Path, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._used = 0
        # Of each file the parts, in order and without overlaps, and where they are in the store: parts of a long file
        # may not take their places in a file of its length, for that may be longer than this process may write.
        self._kept: dict[str, list[tuple[int, int, int]]] = {}
        self._lock = threading.Lock()
        self._descriptor = os.open(directory / "parts", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def gaps(self, file: str, wanted: Range) -> list[Range]:
        """What of `wanted` is not kept."""
        with self._lock:
            return self._gaps(file, wanted)

    def put(self, file: str, begin: int, data: bytes) -> bool:
        """Keeps `data`, which begins at `begin`; False where there is no room for it.

        Raises:
            OSError: the disk is full.
        """
        with self._lock:
            if self._used + len(data) > self._max_bytes:
                return False
            for gap_begin, gap_end in self._gaps(file, (begin, begin + len(data))):
                self._write(data[gap_begin - begin : gap_end - begin])
                insort(self._kept.setdefault(file, []), (gap_begin, gap_end, self._used))
                self._used += gap_end - gap_begin
        return True

    def get(self, file: str, wanted: Range) -> bytes:
        """The bytes of a part without gaps."""
        begin, end = wanted
        found = bytearray()
        with self._lock:
            for kept_begin, kept_end, place in self._kept.get(file, []):
                first, last = max(begin, kept_begin), min(end, kept_end)
                if first < last:
                    found += os.pread(self._descriptor, last - first, place + first - kept_begin)
        return bytes(found)

    def close(self) -> None:
        """Ends the use of the store."""
        os.close(self._descriptor)

    def _write(self, data: bytes) -> None:
        """A disk that is nearly full takes a part, and refuses the rest."""
        written = 0
        while written < len(data):
            written += os.pwrite(self._descriptor, data[written:], self._used + written)

    def _gaps(self, file: str, wanted: Range) -> list[Range]:
        begin, end = wanted
        missing = []
        for kept_begin, kept_end, _ in self._kept.get(file, []):
            if kept_end <= begin:
                continue
            if kept_begin >= end:
                break
            if kept_begin > begin:
                missing.append((begin, kept_begin))
            begin = kept_end
        return [*missing, (begin, end)] if begin < end else missing
