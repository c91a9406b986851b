"""What is on the Hub: all datasets, who may see them, and what the Hub should say of each."""

import threading
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import NamedTuple

import yaml
from hub.snapshot import survey, take

from chaos.contents import Dataset, Form

_NAMESPACES = 8
_FORMS = [Form.CSV] * 6 + [Form.JSON_LINES] * 2 + [Form.IMAGES, Form.BROKEN]
_SHAPES = [
    *[(["default"], ["train"])] * 4,
    (["default"], ["train", "test"]),
    (["default"], ["train", "validation", "test"]),
    (["first", "second"], ["train"]),
]
VISIBILITIES = ("public", "private", "gated")


class State(NamedTuple):
    """What a dataset is to whoever asks the Hub."""

    sha: str
    visibility: str


class HubSide:
    """The folder that the Hub serves, written by one process: the Hub is only told by it, as a user would."""

    def __init__(self, directory: Path, count: int, random: Random) -> None:
        self._directory = directory
        self._versions = iter(range(1, 1 << 30))
        self.worst = {
            type_: Dataset(f"worst/{type_}", Form.CSV, {("default", "train"): self.next_version()}, exists=True)
            for type_ in ("datasets", "splits")
        }
        """One of each type of job for its worst moments; nobody else changes them."""
        self.common = [self._dataset(number, random) for number in range(count - len(self.worst))]
        self.datasets = [*self.common, *self.worst.values()]
        self.visibility = {dataset.name: "public" for dataset in self.datasets}

    def write_all(self) -> None:
        """Put everything there."""
        for dataset in self.datasets:
            self.write(dataset)
        self.write_access()

    def write(self, dataset: Dataset) -> None:
        """Bring the folder of a dataset up to what the dataset is."""
        dataset.write(self._directory)

    def write_access(self) -> None:
        """Bring the file that says who may see what up to `visibility`."""
        meaning = {"private": {"private": True}, "gated": {"gated": "auto"}}
        entries = {name: meaning[visibility] for name, visibility in self.visibility.items() if visibility in meaning}
        new = self._directory / ".access"
        new.write_text(yaml.safe_dump({"datasets": entries}))
        new.rename(self._directory / "hub.yaml")

    def next_version(self) -> int:
        """A version that nothing had."""
        return next(self._versions)

    def states(self) -> Iterator[tuple[str, State | None]]:
        """What the Hub has to say of each dataset, by its own digest of what is in the folder; None: there is none."""
        for dataset in self.datasets:
            root = self._directory / dataset.name
            if not dataset.exists:
                yield dataset.name, None
                continue
            snapshot = take(root, survey(root, _everything_counts), None, _everything_counts, threading.Event())
            yield dataset.name, State(snapshot.sha, self.visibility[dataset.name])

    def _dataset(self, number: int, random: Random) -> Dataset:
        form = _FORMS[number % len(_FORMS)]
        configs, splits = random.choice(_SHAPES)
        if form in (Form.IMAGES, Form.BROKEN):
            configs = ["default"]
        versions = {(config, split): self.next_version() for config in configs for split in splits}
        return Dataset(f"n{number % _NAMESPACES}/d{number:02}", form, versions, exists=True)


def _everything_counts(path: Path, reason: str) -> None:
    raise AssertionError(f"{path} is left out: {reason}")
