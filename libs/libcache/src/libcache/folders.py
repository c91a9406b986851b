"""The folder of one attempt's media files, and what is known of it without asking anybody.

A file in it says which: `.open`, locked as long as the attempt may still write its answer; `.over`, with the time since
when no answer was seen to name the folder. Neither needs space on the disk when it changes.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_OPEN = ".open"
_OVER = ".over"


@dataclass(frozen=True, slots=True)
class Size:
    """How much there is of something."""

    files: int = 0
    bytes: int = 0

    def __add__(self, other: "Size") -> "Size":
        return Size(self.files + other.files, self.bytes + other.bytes)


@contextmanager
def hold(folder: Path) -> Iterator[None]:
    """Within the block, and no longer than this process lives, the folder is an attempt's that goes on.

    Raises:
        OSError: the disk is full, or its files can't be locked.
    """
    with (folder / _OPEN).open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@dataclass(frozen=True, slots=True)
class Folder:
    """One attempt's folder. Another process may remove it at any time, which no method minds."""

    path: Path
    generation: int
    fence: int

    @property
    def id(self) -> tuple[int, int]:
        """What tells it from the dataset's other ones."""
        return self.generation, self.fence

    def is_held(self) -> bool:
        """Whether its attempt goes on. Once it doesn't, it never will again."""
        try:
            with (self.path / _OPEN).open("r+") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except FileNotFoundError:
            return False
        return False

    def unnamed_since(self) -> float | None:
        """When it was first seen that no answer names it, by the file system's clock; None if that was not seen."""
        try:
            return (self.path / _OVER).stat().st_mtime
        except FileNotFoundError:
            return None

    def note_unnamed(self) -> None:
        """Notes that no answer names it, from now on."""
        try:
            # Before the new name, lest another sweeper sees that name with the time of the publishing.
            os.utime(self.path / _OPEN)
            (self.path / _OPEN).rename(self.path / _OVER)
        except FileNotFoundError:
            self._note_unnamed_without_mark()

    def _note_unnamed_without_mark(self) -> None:
        """For a folder that came back without its hidden files, as from a backup."""
        try:
            (self.path / _OVER).open("x").close()
        except (FileExistsError, FileNotFoundError):
            return

    def note_named(self) -> None:
        """Takes that back."""
        try:
            (self.path / _OVER).rename(self.path / _OPEN)
        except FileNotFoundError:
            return

    def size(self) -> Size:
        """Of the files in it."""
        return Size(len(sizes := list(self._sizes())), sum(sizes))

    def remove(self) -> Size:
        """Removes it; returns what it removed. What is cut off is done by the next call."""
        removed = Size()
        marks = [self.path / _OPEN, self.path / _OVER]
        try:
            files = [entry for entry in self.path.iterdir() if entry not in marks]
        except FileNotFoundError:
            return removed
        # The marks last: what is left of it without one would look as if it had just come.
        for file in (*files, *marks):
            try:
                size = file.lstat().st_size
                file.unlink()
            except FileNotFoundError:
                continue
            if file not in marks:
                removed += Size(1, size)
        try:
            self.path.rmdir()
        except FileNotFoundError:
            return removed
        return removed

    def _sizes(self) -> Iterator[int]:
        try:
            with os.scandir(self.path) as entries:
                for entry in entries:
                    if entry.name in (_OPEN, _OVER):
                        continue
                    try:
                        yield entry.stat(follow_symlinks=False).st_size
                    except FileNotFoundError:
                        continue
        except FileNotFoundError:
            return
