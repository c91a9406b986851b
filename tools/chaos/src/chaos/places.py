"""Places that the kernel guards: who takes one has it until its process is gone, whatever ended it."""

import fcntl
import os
from pathlib import Path
from urllib.parse import quote


class Places:
    """Locked files in a folder that all processes share: `name` has as many places as whoever asks says."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def take(self, name: str, number: int) -> bool:
        """Take one of `number` places for as long as this process lives; False when others have all of them."""
        return any(self._lock(f"{quote(name, safe='')}.{place}") for place in range(number))

    def _lock(self, name: str) -> bool:
        descriptor = os.open(self._folder / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        return True
