"""The journal: a line for each thing that a process did, appended by all of them to one file.

Only this knows what really ran when: the queue may be wrong, a process may be killed before it can tell.
"""

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

# What children note, each with the key of its job: type, dataset and, for a split, config and split.
BEGIN = "begin"
END = "end"
TWICE = "twice at once"
OVER_DATASET_CAP = "over the cap of its dataset"
OVER_NAMESPACE_CAP = "over the cap of its namespace"


@dataclass(frozen=True)
class Entry:
    """What a process noted: `at` is in nanoseconds of the monotonic clock, which all processes of a machine share."""

    at: int
    pid: int
    what: str
    key: tuple[str, ...]
    details: dict[str, Any]

    @property
    def dataset(self) -> str:
        """Whose job it is."""
        return self.key[1]

    @property
    def namespace(self) -> str:
        """The first part of the dataset's name."""
        return self.dataset.partition("/")[0]

    def __str__(self) -> str:
        details = "".join(f" {name}={value}" for name, value in self.details.items())
        return f"{self.at / 1e9:.3f} pid {self.pid} {self.what} {' '.join(self.key)}{details}"


class Journal:
    """One file of entries. Each is one append by one call, so that no kill leaves half of one between others."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def note(self, what: str, key: tuple[str, ...], **details: Any) -> None:
        """Append an entry."""
        entry = {"at": time.monotonic_ns(), "pid": os.getpid(), "what": what, "key": key, "details": details}
        descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(descriptor, orjson.dumps(entry) + b"\n")
        finally:
            os.close(descriptor)

    def entries(self) -> list[Entry]:
        """All entries so far, in the order in which they were written."""
        if not self._path.exists():
            return []
        lines = map(orjson.loads, self._path.read_bytes().splitlines())
        return [Entry(**{**line, "key": tuple(line["key"])}) for line in lines]
