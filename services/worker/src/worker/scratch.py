"""A folder of a worker's own, for temporary files and for media not yet published; no crash leaves it for good."""

import fcntl
import shutil
import tempfile
from pathlib import Path
from typing import IO


class Scratch:
    """A locked folder below `root`; folders whose worker died, and so lost its lock, are removed first.

    Raises:
        OSError: `root` can't be made or written.
    """

    def __init__(self, root: Path) -> None:
        root.mkdir(parents=True, exist_ok=True)
        # Workers that start at the same time must not take each other's new folder for one that was left.
        with (root / ".lock").open("a") as everyone:
            fcntl.flock(everyone, fcntl.LOCK_EX)
            for lock in root.glob("*/lock"):
                with lock.open("a") as file:
                    if _locks(file):
                        shutil.rmtree(lock.parent, ignore_errors=True)
            self._folder = Path(tempfile.mkdtemp(dir=root))
            self._lock = (self._folder / "lock").open("a")
            fcntl.flock(self._lock, fcntl.LOCK_EX)
        self.path = self._folder / "files"
        self.path.mkdir()

    def empty(self) -> None:
        """Removes what a job left."""
        self.path.mkdir(parents=True, exist_ok=True)
        for entry in self.path.iterdir():
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry, ignore_errors=True)
            else:
                entry.unlink(missing_ok=True)

    def remove(self) -> None:
        """Removes the folder itself."""
        shutil.rmtree(self._folder, ignore_errors=True)
        self._lock.close()


def _locks(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
