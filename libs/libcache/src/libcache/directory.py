"""Assets in a directory that every process has, as on a disk or on a volume that machines share."""

import errno
import os
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from libcommon.names import is_dataset_name

from libcache.assets import NUMBER, OF_DATASET, AssetPath, Assets, Folder, Size, folder_of
from libcache.records import Record
from libcache.scratch import remove_abandoned

_STAGING = ".staging"
# A file in each folder says which: none is known to be unnamed, or since when, by its time. Neither needs space on the
# disk when it changes.
_OPEN = ".open"
_OVER = ".over"
# Each time a sweeper must remove the empty parent in the microseconds in between.
_TRIES = 10


class Directory(Assets):
    """The directory `root`. A folder appears in it whole, by one rename."""

    publishes_at_once = True

    def __init__(self, root: Path) -> None:
        self.root = root

    def file(self, path: AssetPath) -> Path:
        """Where the asset's file is, if it is there."""
        return self.root / path.relative

    def check(self) -> None:
        # Where a volume isn't mounted, every file would be missing.
        if not self.root.is_dir():
            raise FileNotFoundError(errno.ENOENT, "there is no such folder; expected the one of the workers")
        if not os.access(self.root, os.R_OK | os.X_OK):
            raise PermissionError(errno.EACCES, "this folder can't be read")

    def prepare(self) -> None:
        self.root.mkdir(parents=True, exist_ok=True)
        self.check()

    def staging(self, scratch: Path) -> Path:
        # What is renamed stays on its file system.
        return self._staging

    def publish(self, staging: Path, record: Record, names: Collection[str], keep: Callable[[], object]) -> None:
        if not names:
            return
        for file in staging.iterdir():
            if file.name not in names:
                file.unlink()
        (staging / _OPEN).touch()
        self._move(staging, self.root / folder_of(record))

    def remove_generations_before(self, record: Record) -> None:
        with suppress(OSError):
            for folder in self.folders(record.dataset):
                if folder.generation < record.generation:
                    folder.remove()

    def folders(self, dataset: str) -> list[Folder]:
        found: list[Folder] = [
            _Folder(fence, int(generation.name), int(fence.name))
            for generation in _numbered(self._of_dataset(dataset))
            for fence in _numbered(generation)
        ]
        return sorted(found, key=lambda folder: folder.id)

    def datasets(self, since: str | None = None) -> Iterator[str]:
        first = since.split("/") if since is not None else []
        for top in sorted(_names(self.root)):
            if [top] < first[:1]:
                continue
            if [top] >= first:
                yield top
            for name in sorted(_names(self.root / top)):
                dataset = f"{top}/{name}"
                if [top, name] >= first and is_dataset_name(dataset):
                    yield dataset

    def remove_empty_folders(self, dataset: str) -> None:
        of_dataset = self._of_dataset(dataset)
        for generation in _numbered(of_dataset):
            _remove_if_empty(generation)
        for folder in (of_dataset, *of_dataset.parents):
            if folder == self.root or not _remove_if_empty(folder):
                return

    def remove_abandoned(self) -> None:
        remove_abandoned(self._staging)

    def missing(self, paths: Iterable[str]) -> list[str]:
        return sorted(path for path in paths if _is_missing(self.root / path))

    def now(self) -> float:
        self._staging.mkdir(parents=True, exist_ok=True)
        clock = self._staging / ".lock"
        clock.touch()
        return clock.stat().st_mtime

    @property
    def _staging(self) -> Path:
        return self.root / _STAGING

    def _of_dataset(self, dataset: str) -> Path:
        return self.root / dataset / OF_DATASET

    def _move(self, staging: Path, target: Path) -> None:
        for further in reversed(range(_TRIES)):
            try:
                target.parent.mkdir(parents=True, exist_ok=True)
                os.rename(staging, target)  # noqa: PTH104
            except FileNotFoundError:
                if not further:
                    raise
            else:
                return


class _Folder(Folder):
    def __init__(self, path: Path, generation: int, fence: int) -> None:
        super().__init__(generation, fence)
        self._path = path

    def written_at(self) -> float:
        for name in (_OPEN, "."):
            try:
                return (self._path / name).stat().st_mtime
            except FileNotFoundError:
                continue
        return 0.0

    def unnamed_since(self) -> float | None:
        try:
            return (self._path / _OVER).stat().st_mtime
        except FileNotFoundError:
            return None

    def note_unnamed(self) -> None:
        try:
            # Before the new name, lest another sweeper sees that name with the time of the publishing.
            os.utime(self._path / _OPEN)
            (self._path / _OPEN).rename(self._path / _OVER)
        except FileNotFoundError:
            self._note_unnamed_without_mark()

    def _note_unnamed_without_mark(self) -> None:
        """For a folder that came back without its hidden files, as from a backup."""
        try:
            (self._path / _OVER).open("x").close()
        except (FileExistsError, FileNotFoundError):
            return

    def note_named(self) -> None:
        try:
            (self._path / _OVER).rename(self._path / _OPEN)
        except FileNotFoundError:
            return

    def size(self) -> Size:
        return Size(len(sizes := list(self._sizes())), sum(sizes))

    def remove(self) -> Size:
        removed = Size()
        marks = [self._path / _OPEN, self._path / _OVER]
        try:
            files = [entry for entry in self._path.iterdir() if entry not in marks]
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
            self._path.rmdir()
        except FileNotFoundError:
            return removed
        return removed

    def _sizes(self) -> Iterator[int]:
        try:
            with os.scandir(self._path) as entries:
                for entry in entries:
                    if entry.name in (_OPEN, _OVER):
                        continue
                    try:
                        yield entry.stat(follow_symlinks=False).st_size
                    except FileNotFoundError:
                        continue
        except FileNotFoundError:
            return


def _names(folder: Path) -> list[str]:
    try:
        return [name for name in os.listdir(folder) if is_dataset_name(name)]  # noqa: PTH208
    except (FileNotFoundError, NotADirectoryError):
        return []


def _numbered(folder: Path) -> list[Path]:
    try:
        return [entry for entry in folder.iterdir() if NUMBER.fullmatch(entry.name)]
    except (FileNotFoundError, NotADirectoryError):
        return []


def _is_missing(file: Path) -> bool:
    try:
        file.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
    return False


def _remove_if_empty(folder: Path) -> bool:
    try:
        folder.rmdir()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True
