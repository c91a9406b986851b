"""The assets directory: media files that answers point to.

A file's place is `<dataset>/--/<generation>/<revision>/<file name>`; no dataset is called `--`. The file name comes
from the content, so writing a file twice is writing it once. Files are made in a staging folder of their own and
renamed into place before the answer that names them is stored.
"""

import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from libcommon.names import is_dataset_name

from libcache.records import Record

_STAGING = ".staging"
_REST = re.compile(r"([1-9][0-9]{0,19})/([0-9a-f]{40})/([0-9a-f]{16,64}\.[a-z0-9]{1,5})")


@dataclass(frozen=True, slots=True)
class AssetPath:
    """The parts of an asset's path."""

    dataset: str
    generation: int
    revision: str
    name: str

    @classmethod
    def parse(cls, path: str) -> "AssetPath | None":
        """The parts of what follows `/assets/` in a URL; None when no asset can have this path."""
        dataset, separator, rest = path.partition("/--/")
        parts = _REST.fullmatch(rest)
        if not separator or not parts or not is_dataset_name(dataset):
            return None
        return cls(dataset, int(parts[1]), parts[2], parts[3])

    @property
    def relative(self) -> Path:
        """Where the file is below the assets directory."""
        return Path(self.dataset, "--", str(self.generation), self.revision, self.name)


def url_prefix(public_url: str, record: Record, revision: str) -> str:
    """What the URL of each asset of an answer begins with; `/` and the file's name follow."""
    return f"{public_url}/assets/{record.dataset}/--/{record.generation}/{revision}"


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

    def publish(self, staging: Path, record: Record, revision: str) -> None:
        """Moves the files of a folder below `staging` to where the URLs of the answer point."""
        target = self._root / record.dataset / "--" / str(record.generation) / revision
        files = list(staging.iterdir())
        if files:
            target.mkdir(parents=True, exist_ok=True)
        for file in files:
            os.replace(file, target / file.name)  # noqa: PTH105

    def remove_generations_before(self, record: Record) -> None:
        """Removes the files of everything that was taken away from readers."""
        generations = self._root / record.dataset / "--"
        if not generations.is_dir():
            return
        for generation in generations.iterdir():
            if int(generation.name) < record.generation:
                shutil.rmtree(generation, ignore_errors=True)
