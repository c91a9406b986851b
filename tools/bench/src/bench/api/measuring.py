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
    """A figure of bare reads: of the one document, and of the pair that the answer stands on; reads a second."""

    single: float
    pair: float

    @classmethod
    def median(cls, several: Sequence["Bare"]) -> "Bare":
        """The median of each figure by itself."""
        return cls(statistics.median(bare.single for bare in several), statistics.median(bare.pair for bare in several))


@dataclass(frozen=True, slots=True)
class Run:
    """One round: `kept` is the api that keeps answers in memory, `read` the one that reads them each time."""

    kept: Load
    memory: Load
    read: Load
    bare: Bare | None


@dataclass(frozen=True, slots=True)
class Cell:
    """A case at so many connections to an api of so many processes: what came of it, and of its ceilings.

    `body_bytes` are those that were sent. Loads are medians of the runs. So are shares: of each run's own, for the
    machine is not equally fast in all of them.
    """

    case: Case
    processes: int
    connections: int
    body_bytes: int
    runs: Sequence[Run]

    @property
    def kept(self) -> Load:
        return Load.median([run.kept for run in self.runs])

    @property
    def memory(self) -> Load:
        return Load.median([run.memory for run in self.runs])

    @property
    def read(self) -> Load:
        return Load.median([run.read for run in self.runs])

    @property
    def bare(self) -> Bare | None:
        bare = [run.bare for run in self.runs if run.bare is not None]
        return Bare.median(bare) if bare else None

    @property
    def of_memory(self) -> float:
        """The rate of answers that are kept, of that of the same bytes from memory."""
        return statistics.median(run.kept.rate / run.memory.rate for run in self.runs)

    @property
    def of_bare(self) -> Bare | None:
        """The rate of answers that are read, of those of bare reads and pairs of them."""
        shares = [Bare(run.read.rate / run.bare.single, run.read.rate / run.bare.pair) for run in self.runs if run.bare]
        return Bare.median(shares) if shares else None


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
        """So many runs, for so long each time.

        Raises:
            BenchError: an answer isn't what it must be.
        """
        exchange = self.exchanges[case.name]

        def load(port: int) -> Load:
            return load_for(self.client, port, exchange, connections, seconds)

        def run() -> Run:
            bare = None if case.document is None else self._bare(case.document, connections, seconds)
            return Run(load(self.kept.port), load(self.memory), load(self.read.port), bare)

        return Cell(case, self.drivers.size, connections, exchange.size, [run() for _ in range(runs)])

    def _bare(self, document: Mapping[str, Any], tasks: int, seconds: float) -> Bare:
        record, answer = ("datasets", {"dataset": document["dataset"]}), ("answers", document)
        return Bare(
            bare_reads.rate(self.drivers, self.database, [answer], tasks, seconds),
            bare_reads.rate(self.drivers, self.database, [record, answer], tasks, seconds),
        )
