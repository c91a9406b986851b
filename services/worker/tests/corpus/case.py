"""What a case of the corpus is: a dataset with one peculiarity, and what must come of it.

    Case("csv-ragged", lambda: {"data.csv": b"a,b\\n1,2\\n1,2,3\\n"}, only(Failure("CorruptDataError", "line 3")))

Every content is built in code and is the same each time.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hub.faults import Faults

Files = dict[str, bytes]
# Set to "all" it has the long cases run as well, as `make test-corpus` does.
VARIABLE = "CORPUS"


class Failure:
    """An error: its code, and what its message must name."""

    def __init__(self, code: str, *names: str) -> None:
        self.code = code
        self.names = names


@dataclass(frozen=True)
class Page:
    """A good answer of /first-rows.

    `types` gives each column in order: its serialised feature, or the dtype of a `Value`. `rows` are the first rows,
    and all of them unless `number` says how many there are. `ends` is a part of `truncated_reason`; without it the page
    must hold the whole split. `errors` has a part of what is said of a column, for each row with a cell that is null
    for a reason; `cut` has the columns of the cells that are shortened. A cell may be an object of `media`
    in place of the URL of an asset, and `...` for whatever it is.
    """

    types: Mapping[str, object]
    rows: Sequence[Mapping[str, Any]]
    number: int | None = None
    ends: str | None = None
    errors: Mapping[int, Mapping[str, str]] = field(default_factory=dict)
    cut: Mapping[int, Sequence[str]] = field(default_factory=dict)
    columns_truncated: bool = False


Config = Mapping[str, Page | Failure] | Failure
"""The splits of a config in order, or why it has none."""


@dataclass(frozen=True)
class Case:
    """A dataset by the contents of its files.

    `expected` are its configs in order, or why it can't be listed. `faults` is what the Hub does meanwhile. A `long`
    case takes many seconds, or much of the machine.
    """

    name: str
    files: Callable[[], Files]
    expected: Mapping[str, Config] | Failure
    faults: Faults = field(default_factory=Faults)
    long: bool = False

    @property
    def dataset(self) -> str:
        """Its name on the Hub."""
        return f"corpus/{self.name}"

    def put_into(self, hub: Path) -> None:
        """Gives the dataset to the directory of a Hub, all at once."""
        new = hub.with_name("new")
        new.mkdir()
        for name, content in self.files().items():
            file = new / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        folder = hub / self.dataset
        folder.parent.mkdir(exist_ok=True)
        new.rename(folder)


def only(outcome: Page | Failure, config: str = "default", split: str = "train") -> Mapping[str, Config]:
    """What is expected of a dataset with one split."""
    return {config: {split: outcome}}


def collected(*themes: Sequence[Case]) -> list[Case]:
    """The cases that are to be run now."""
    everything = os.environ.get(VARIABLE) == "all"
    return [case for theme in themes for case in theme if everything or not case.long]
