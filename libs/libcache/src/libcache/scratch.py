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
            _remove_abandoned(root)
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


def remove_abandoned(root: Path) -> None:
    """Removes the folders below `root` whose worker died, unless a worker does so just now.

    Raises:
        OSError: `root` can't be read or written.
    """
    root.mkdir(parents=True, exist_ok=True)
    with (root / ".lock").open("a") as everyone:
        if _locks(everyone):
            _remove_abandoned(root)


def _remove_abandoned(root: Path) -> None:
    """The caller holds the lock of all: a folder without a lock of its own is none that is being made."""
    for folder in root.iterdir():
        if not folder.is_dir():
            continue
        try:
            with (folder / "lock").open("r+") as file:
                is_abandoned = _locks(file)
        except FileNotFoundError:
            is_abandoned = True
        if is_abandoned:
            shutil.rmtree(folder, ignore_errors=True)


def _locks(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
