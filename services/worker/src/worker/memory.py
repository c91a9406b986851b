"""How much memory processes have."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


class Memory:
    """The most resident memory that the processes of a job had together, as far as it was seen."""

    def __init__(self) -> None:
        self.peak_bytes = 0

    def look(self, pids: Sequence[int]) -> int:
        """The bytes that they and their children have now; 0 if they are gone, or where only they could tell."""
        # A process and its fork share nearly all that the smaller of them has.
        now = sum(max(map(_resident_bytes, [pid, *_children_of(pid)])) for pid in pids)
        self.note(now)
        return now

    def note(self, seen_bytes: int) -> None:
        """They had so much, as was learned in another way."""
        self.peak_bytes = max(self.peak_bytes, seen_bytes)


def _children_of(pid: int) -> list[int]:
    if sys.platform != "linux":
        return []
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except (OSError, ValueError):
        return []


def _resident_bytes(pid: int) -> int:
    if sys.platform != "linux":
        return 0
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE_BYTES
    except (OSError, IndexError):
        return 0
