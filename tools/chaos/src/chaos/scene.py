"""The folder of a run: where its processes meet, and who finds what where."""

from dataclasses import dataclass
from pathlib import Path

from chaos.freezing import Freezing
from chaos.journal import Journal
from chaos.places import Places


@dataclass(frozen=True)
class Scene:
    """One folder that holds everything of a run."""

    directory: Path

    def prepare(self) -> None:
        """Make the folders in it."""
        for folder in (self.datasets, self.logs, self._places, self._freezing):
            folder.mkdir(parents=True)

    @property
    def datasets(self) -> Path:
        """What the Hub serves."""
        return self.directory / "datasets"

    @property
    def logs(self) -> Path:
        """What the processes said."""
        return self.directory / "logs"

    @property
    def journal(self) -> Journal:
        """What the processes did."""
        return Journal(self.directory / "journal")

    @property
    def places(self) -> Places:
        """What only so many may have."""
        return Places(self._places)

    @property
    def freezing(self) -> Freezing:
        """Which worker is to stop itself."""
        return Freezing(self._freezing)

    @property
    def _places(self) -> Path:
        return self.directory / "places"

    @property
    def _freezing(self) -> Path:
        return self.directory / "freezing"
