"""The assets directory: media files that answers point to.

A file's place is `<dataset>/--/<generation>/<fence>/<file name>`; no dataset is called `--`, and no two attempts at
jobs of a dataset have the same fence. So a folder belongs to one attempt, and only the answer that this attempt writes
ever points into it. Files are made in a staging folder, which is renamed into place as a whole before the answer is
stored. See `docs/decisions/0009-sweeping-assets.md`.
"""

import os
import re
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from libcommon.names import is_dataset_name

from libcache.folders import Folder, hold
from libcache.records import Record

_STAGING = ".staging"
_OF_DATASET = "--"
_NUMBER = re.compile(r"[1-9][0-9]{0,19}")
_REST = re.compile(rf"({_NUMBER.pattern})/({_NUMBER.pattern})/([0-9a-f]{{16,64}}\.[a-z0-9]{{1,5}})")
# Each time a sweeper must remove the empty parent in the microseconds in between.
_TRIES = 10


@dataclass(frozen=True, slots=True)
class AssetPath:
    """The parts of an asset's path."""

    dataset: str
    generation: int
    fence: int
    name: str

    @classmethod
    def parse(cls, path: str) -> "AssetPath | None":
        """The parts of what follows `/assets/` in a URL; None when no asset can have this path."""
        dataset, separator, rest = path.partition("/--/")
        parts = _REST.fullmatch(rest)
        if not separator or not parts or not is_dataset_name(dataset):
            return None
        return cls(dataset, int(parts[1]), int(parts[2]), parts[3])

    @property
    def relative(self) -> Path:
        """Where the file is below the assets directory."""
        return Path(self.dataset, _OF_DATASET, str(self.generation), str(self.fence), self.name)


def url_prefix(public_url: str, record: Record) -> str:
    """What the URL of each asset of an answer made under `record` begins with; `/` and the file's name follow."""
    return f"{public_url}/assets/{record.dataset}/{_OF_DATASET}/{record.generation}/{record.fence}"


class Assets:
    """One assets directory, shared by every worker and the api.

    Raises:
        OSError: from each method that writes, when the disk is full or not writable.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def file(self, path: AssetPath) -> Path:
        """Where the asset's file is, if it is there."""
        return self._root / path.relative

    @property
    def staging(self) -> Path:
        """The folder below which files are made before they are published."""
        return self._root / _STAGING

    @contextmanager
    def published(self, staging: Path, record: Record, names: Collection[str]) -> Iterator[None]:
        """Moves these files of a folder below `staging`, all at once, to where the URLs of the answer point.

        The answer is to be written within the block: until its end no sweeper takes the files for left behind. Other
        files of the folder are removed.
        """
        if not names:
            yield
            return
        for file in staging.iterdir():
            if file.name not in names:
                file.unlink()
        with hold(staging):
            self._move(staging, self._of_dataset(record.dataset) / str(record.generation) / str(record.fence))
            yield

    def remove_generations_before(self, record: Record) -> None:
        """Removes the files of everything that was taken away from readers."""
        for folder in self.folders(record.dataset):
            if folder.generation < record.generation:
                # What the disk doesn't let go of now, a sweeper removes later.
                with suppress(OSError):
                    folder.remove()

    def folders(self, dataset: str) -> list[Folder]:
        """The folders of attempts at jobs of a dataset, sorted by generation and fence."""
        found = [
            Folder(fence, int(generation.name), int(fence.name))
            for generation in _numbered(self._of_dataset(dataset))
            for fence in _numbered(generation)
        ]
        return sorted(found, key=lambda folder: folder.id)

    def datasets(self, since: str | None = None) -> Iterator[str]:
        """The datasets and namespaces that have a folder here, from `since` on, always in the same order."""
        first = since.split("/") if since is not None else []
        for top in sorted(_names(self._root)):
            if [top] < first[:1]:
                continue
            if [top] >= first:
                yield top
            for name in sorted(_names(self._root / top)):
                dataset = f"{top}/{name}"
                if [top, name] >= first and is_dataset_name(dataset):
                    yield dataset

    def remove_empty_folders(self, dataset: str) -> None:
        """Removes the folders above those of a dataset's attempts that have nothing in them any more."""
        of_dataset = self._of_dataset(dataset)
        for generation in _numbered(of_dataset):
            _remove_if_empty(generation)
        for folder in (of_dataset, *of_dataset.parents):
            if folder == self._root or not _remove_if_empty(folder):
                return

    def missing(self, paths: Iterable[str]) -> list[str]:
        """Those of the paths below `/assets/` where no file is. What can't be looked at counts as there."""
        return sorted(path for path in paths if _is_missing(self._root / path))

    def now(self) -> float:
        """The time of the file system, which alone can be compared with the times of its files."""
        self.staging.mkdir(parents=True, exist_ok=True)
        clock = self.staging / ".lock"
        clock.touch()
        return clock.stat().st_mtime

    def _of_dataset(self, dataset: str) -> Path:
        return self._root / dataset / _OF_DATASET

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


def _names(folder: Path) -> list[str]:
    try:
        return [name for name in os.listdir(folder) if is_dataset_name(name)]  # noqa: PTH208
    except (FileNotFoundError, NotADirectoryError):
        return []


def _numbered(folder: Path) -> list[Path]:
    try:
        return [entry for entry in folder.iterdir() if _NUMBER.fullmatch(entry.name)]
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
