"""The parts of files that were fetched already, kept on disk, since libraries open the same file often."""

import os
import threading
from bisect import bisect_left
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
    """Keeps parts of files in `directory`, up to `max_bytes` in all; more is not kept. Safe for several threads."""

    def __init__(self, directory: Path, max_bytes: int) -> None:
        self._directory = directory
        self._left = max_bytes
        self._kept: dict[str, list[Range]] = {}
        self._descriptors: dict[str, int] = {}
        self._lock = threading.Lock()

    def gaps(self, file: str, wanted: Range) -> list[Range]:
        """What of `wanted` is not kept."""
        begin, end = wanted
        missing = []
        with self._lock:
            for kept_begin, kept_end in self._kept.get(file, []):
                if kept_end <= begin:
                    continue
                if kept_begin >= end:
                    break
                if kept_begin > begin:
                    missing.append((begin, kept_begin))
                begin = kept_end
        return [*missing, (begin, end)] if begin < end else missing

    def put(self, file: str, begin: int, data: bytes) -> bool:
        """Keeps `data`, which begins at `begin`; False where there is no room for it.

        Raises:
            OSError: the disk is full.
        """
        with self._lock:
            if len(data) > self._left:
                return False
            self._left -= len(data)
            os.pwrite(self._descriptor(file), data, begin)
            kept = self._kept.setdefault(file, [])
            merged = (begin, begin + len(data))
            first = bisect_left(kept, begin, key=lambda span: span[1])
            last = first
            while last < len(kept) and kept[last][0] <= merged[1]:
                merged = min(merged[0], kept[last][0]), max(merged[1], kept[last][1])
                last += 1
            kept[first:last] = [merged]
        return True

    def get(self, file: str, wanted: Range) -> bytes:
        """The bytes of a part without gaps."""
        with self._lock:
            return os.pread(self._descriptor(file), wanted[1] - wanted[0], wanted[0])

    def close(self) -> None:
        """Ends the use of the store."""
        for descriptor in self._descriptors.values():
            os.close(descriptor)
        self._descriptors.clear()

    def _descriptor(self, file: str) -> int:
        if file not in self._descriptors:
            path = self._directory / f"part-{len(self._descriptors)}"
            self._descriptors[file] = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        return self._descriptors[file]
