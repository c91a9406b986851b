"""The assets: media files that answers point to, in a directory or in a bucket.

A file's place is `<dataset>/--/<generation>/<fence>/<file name>`; no dataset is called `--`, and no two attempts at
jobs of a dataset have the same fence. So a folder belongs to one attempt, and only the answer that this attempt writes
ever points into it. Files are made in a staging folder and published before the answer is stored. See
`docs/decisions/0009-sweeping-assets.md`.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from libcommon.names import is_dataset_name

from libcache.records import Record

OF_DATASET = "--"
NUMBER = re.compile(r"[1-9][0-9]{0,19}")
_REST = re.compile(rf"({NUMBER.pattern})/({NUMBER.pattern})/([0-9a-f]{{16,64}}\.[a-z0-9]{{1,5}})")


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
        """Where the file is below the place of all assets."""
        return Path(self.dataset, OF_DATASET, str(self.generation), str(self.fence), self.name)


def url_prefix(public_url: str, record: Record) -> str:
    """What the URL of each asset of an answer made under `record` begins with; `/` and the file's name follow."""
    return f"{public_url}/assets/{folder_of(record)}"


def folder_of(record: Record) -> str:
    """Where the files of the attempt made under `record` are, below the place of all assets."""
    return f"{record.dataset}/{OF_DATASET}/{record.generation}/{record.fence}"


@dataclass(frozen=True, slots=True)
class Size:
    """How much there is of something."""

    files: int = 0
    bytes: int = 0

    def __add__(self, other: "Size") -> "Size":
        return Size(self.files + other.files, self.bytes + other.bytes)


class Folder(ABC):
    """One attempt's folder. Another process may remove it at any time, which no method minds.

    Raises:
        OSError: from each method, when the place of the assets can't be read or changed.
    """

    def __init__(self, generation: int, fence: int) -> None:
        self.generation = generation
        self.fence = fence

    @property
    def id(self) -> tuple[int, int]:
        """What tells it from the dataset's other ones."""
        return self.generation, self.fence

    @abstractmethod
    def written_at(self) -> float:
        """When its files were published, or its mark was changed, if that was later; as `Assets.now` tells time."""

    @abstractmethod
    def unnamed_since(self) -> float | None:
        """When it was first seen that no answer names it, as `Assets.now` tells time; None if that was not seen."""

    @abstractmethod
    def note_unnamed(self) -> None:
        """Notes that no answer names it, from now on."""

    @abstractmethod
    def note_named(self) -> None:
        """Takes that back."""

    @abstractmethod
    def size(self) -> Size:
        """Of the files in it."""

    @abstractmethod
    def remove(self) -> Size:
        """Removes it; returns what it removed. What is cut off is done by the next call."""


class Assets(ABC):
    """One place of assets, shared by every worker and the api.

    Raises:
        OSError: from each method, when the place can't be read or, by those that write, be written; a
            `ConnectionError` or a `TimeoutError` if that may pass by itself.
    """

    publishes_at_once: bool
    """Whether nothing is there of what could not be published."""

    @abstractmethod
    def check(self) -> None:
        """Looks whether the place is there."""

    @abstractmethod
    def prepare(self) -> None:
        """Makes the place, where that is for a worker to do, and looks whether it is there."""

    @abstractmethod
    def staging(self, scratch: Path) -> Path:
        """The folder below which files are made before they are published; `scratch` may hold any files."""

    @abstractmethod
    def publish(self, staging: Path, record: Record, names: Collection[str], keep: Callable[[], object]) -> None:
        """Brings these files of a folder below `staging` to where the URLs of the answer point. `keep` is called now
        and then, and what it raises cuts this off.
        """

    @abstractmethod
    def folders(self, dataset: str) -> list[Folder]:
        """The folders of attempts at jobs of a dataset, sorted by generation and fence."""

    @abstractmethod
    def datasets(self, since: str | None = None) -> Iterator[str]:
        """The datasets and namespaces that have a folder here, from `since` on, always in the same order."""

    @abstractmethod
    def remove_empty_folders(self, dataset: str) -> None:
        """Removes the folders above those of a dataset's attempts that have nothing in them any more."""

    @abstractmethod
    def remove_abandoned(self) -> None:
        """Removes what workers that died left in their staging folders."""

    @abstractmethod
    def missing(self, paths: Iterable[str]) -> list[str]:
        """Those of the paths below `/assets/` where no file is. What can't be looked at counts as there."""

    @abstractmethod
    def now(self) -> float:
        """The time of the place, which alone can be compared with the times of its files, in seconds since 1970."""

    @abstractmethod
    def remove_generations_before(self, record: Record) -> None:
        """Removes the files of everything that was taken away from readers, where that is quickly done. It raises
        nothing: what is left, a sweeper removes later.
        """
