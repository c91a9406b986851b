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
        """The bytes that they have now; 0 for those that are gone, and where only they themselves could tell."""
        now = sum(_resident_bytes(pid) for pid in pids)
        self.note(now)
        return now

    def note(self, seen_bytes: int) -> None:
        """They had so much, as was learned in another way."""
        self.peak_bytes = max(self.peak_bytes, seen_bytes)


def _resident_bytes(pid: int) -> int:
    if sys.platform != "linux":
        return 0
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE_BYTES
    except (OSError, IndexError):
        return 0
