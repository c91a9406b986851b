"""One case at a time, the api and its ceilings in turns: a machine is not equally fast all the time."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench.api import bare_reads
from bench.api.cases import Case
from bench.api.exchange import Exchange
from bench.api.load import Load, load_for
from bench.api.under_test import Api
from bench.queue.team import Team


@dataclass(frozen=True, slots=True)
class Bare:
    """Bare reads a second: of the one document, and of the pair that the answer stands on."""

    single: float
    pair: float

    @classmethod
    def median(cls, several: Sequence["Bare"]) -> "Bare":
        """The median of each figure by itself."""
        return cls(statistics.median(bare.single for bare in several), statistics.median(bare.pair for bare in several))


@dataclass(frozen=True, slots=True)
class Cell:
    """A case at so many connections to an api of so many processes: what came of it, and of its ceilings.

    `body_bytes` are those that were sent. `kept` is the api that keeps answers in memory, `read` the one that reads
    them each time.
    """

    case: Case
    processes: int
    connections: int
    body_bytes: int
    kept: Load
    memory: Load
    read: Load
    bare: Bare | None

    @property
    def of_memory(self) -> float:
        """The rate of answers that are kept, of that of the same bytes from memory."""
        return self.kept.rate / self.memory.rate

    @property
    def of_pairs(self) -> float | None:
        """The rate of answers that are read, of that of bare pairs."""
        return self.read.rate / self.bare.pair if self.bare else None


@dataclass(frozen=True, slots=True)
class Ground:
    """What is measured, and by what: the two apis, the ceiling's port, the client, the drivers and their database.

    There are as many drivers as an api has processes. `exchanges` are those of the cases, by name.
    """

    kept: Api
    read: Api
    memory: int
    exchanges: Mapping[str, Exchange]
    client: Team
    drivers: Team
    database: str

    def measure(self, case: Case, connections: int, runs: int, seconds: float) -> Cell:
        """Medians of so many runs, for so long each time.

        Raises:
            BenchError: an answer isn't what it must be.
        """
        exchange = self.exchanges[case.name]
        kept, memory, read, bare = list[Load](), list[Load](), list[Load](), list[Bare]()
        for _ in range(runs):
            for port, loads in ((self.kept.port, kept), (self.memory, memory), (self.read.port, read)):
                loads.append(load_for(self.client, port, exchange, connections, seconds))
            if case.document is not None:
                bare.append(self._bare(case.document, connections, seconds))
        return Cell(
            case,
            self.drivers.size,
            connections,
            exchange.size,
            Load.median(kept),
            Load.median(memory),
            Load.median(read),
            Bare.median(bare) if bare else None,
        )

    def _bare(self, document: Mapping[str, Any], tasks: int, seconds: float) -> Bare:
        record, answer = ("datasets", {"dataset": document["dataset"]}), ("answers", document)
        return Bare(
            bare_reads.rate(self.drivers, self.database, [answer], tasks, seconds),
            bare_reads.rate(self.drivers, self.database, [record, answer], tasks, seconds),
        )
