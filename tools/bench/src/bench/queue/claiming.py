"""What a claim costs, beside the least that it could: one find and one conditional update.

Nothing is ended while it is measured; what was taken is deleted afterwards, on both sides alike.
"""

import itertools
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from bson import ObjectId
from libqueue.model import Status
from libqueue.queue import Queue
from pymongo import DeleteOne, WriteConcern
from pymongo.database import Database

from bench.queue.backlog import LIMITS, TYPE, Backlog, fill
from bench.queue.team import Member, Team
from bench.table import Aim, columns

NAMESPACES = 10_000
# Claims and bare pairs take turns: a machine is not equally fast all the time.
_ROUNDS = 4
_TRIES = 20
# So much of the namespaces one measurement goes through at most: none comes round twice while nothing is ended.
_SHARE = 0.3
# With less than this left, the jobs are put in anew: where each namespace has one, the claims from the head must not
# meet the pairs from the tail.
_LEAST = 0.7


@dataclass(frozen=True, slots=True)
class Stint:
    """What one process did in one go: how long each took, and all; the races it took part in, and lost."""

    durations: list[float]
    seconds: float
    races: int = 0
    lost: int = 0


@dataclass(frozen=True, slots=True)
class Cell:
    """So many processes at so many jobs: all their stints."""

    jobs: int
    processes: int
    claims: list[Stint]
    pairs: list[Stint]

    @property
    def claim_seconds(self) -> float:
        """The median of a claim."""
        return _median(self.claims)

    @property
    def pair_seconds(self) -> float:
        """The median of a bare pair."""
        return _median(self.pairs)

    @property
    def claim_rate(self) -> float:
        """Claims per second of all processes together."""
        return self._rate(self.claims)

    @property
    def pair_rate(self) -> float:
        """Bare pairs per second of all processes together."""
        return self._rate(self.pairs)

    @property
    def lost(self) -> float:
        """The share of races that were lost."""
        return sum(stint.lost for stint in self.claims) / max(1, sum(stint.races for stint in self.claims))

    def _rate(self, stints: list[Stint]) -> float:
        done = sum(len(stint.durations) for stint in stints)
        return self.processes * done / sum(stint.seconds for stint in stints)


class Ground:
    """A backlog that claims take from the head and bare pairs from the tail; it is filled again when it runs low."""

    def __init__(self, url: str, database: str, jobs: int) -> None:
        self._url = url
        self._database = database
        self.jobs = jobs
        self._fill()

    def claims(self, team: Team, seconds: float) -> list[Stint]:
        """Has the team claim."""
        if self._left < _LEAST * self.jobs:
            self._fill()
        stints = team.do(claim_for, self._backlog, seconds, self._most(team))
        self._left -= _taken(stints)
        return stints

    def pairs(self, team: Team, seconds: float) -> list[Stint]:
        """Has the team do bare pairs."""
        stints = team.do(pair_for, self._backlog, self._last, seconds, self._most(team))
        self._left -= _taken(stints)
        self._last -= team.size * max(1 + len(stint.durations) for stint in stints)
        return stints

    def _most(self, team: Team) -> int:
        return max(1, int(_SHARE * self._backlog.namespaces) // team.size)

    def _fill(self) -> None:
        self._backlog: Backlog = fill(self._url, self._database, self.jobs, NAMESPACES)
        self._left = self.jobs
        self._last = self.jobs - 1


def measure(url: str, prefix: str, sizes: Sequence[int], teams: Sequence[Team], seconds: float) -> list[Aim]:
    """Prints the table; returns what the issue aims at."""
    grounds = [Ground(url, f"{prefix}_claims_{jobs}", jobs) for jobs in sizes]
    cells = [cell for team in teams for cell in _cells(grounds, team, seconds)]
    head = ("jobs", "processes", "claims/s", "ms a claim", "pairs/s", "ms a pair", "of the ceiling", "races lost")
    print("\nClaims, beside bare pairs of one find and one conditional update (the ceiling). Times are medians.")
    print(columns(head, [_row(cell) for cell in cells]))
    return _aims(cells)


def claim_for(member: Member, backlog: Backlog, seconds: float, most: int) -> Stint:
    """A member's task: claims for so long, or so many."""
    database = member.database(backlog.database)
    queue = Queue(database, LIMITS)

    def claim() -> str:
        # Under load a claim may give up before it has won a race; the time of that counts too.
        for _ in range(_TRIES):
            claim = queue.claim(TYPE, f"bench-{member.number}")
            if claim is not None:
                return str(claim.key)
        raise RuntimeError("no job is left to claim")

    return _stint(member, database, claim, seconds, most, lambda: queue.races)


def pair_for(member: Member, backlog: Backlog, last: int, seconds: float, most: int) -> Stint:
    """A member's task: bare pairs for so long, or so many; `last` is the last job that is left."""
    database = member.database(backlog.database)
    numbers = iter(range(last - member.number, -1, -member.size))

    def pair() -> str:
        return _pair(database, backlog, next(numbers))

    return _stint(member, database, pair, seconds, most, lambda: (0, 0))


def _pair(database: Database[dict[str, Any]], backlog: Backlog, number: int) -> str:
    ready = {"namespace": backlog.namespace(number), "status": Status.READY.value, "type": TYPE}
    # Nobody came after the last job of a namespace: so this is the only match.
    job = next(database["jobs"].find({**ready, "rank": {"$gte": backlog.rank(number)}}).limit(1))
    # The fields that a claim sets: the same size, the same entries in the indexes.
    now = datetime.now(UTC)
    run = {
        "token": ObjectId(),
        "attempt": job["attempt"] + 1,
        "owner": "bench",
        "status": Status.RUNNING.value,
        "started_at": now,
        "due_at": now + timedelta(seconds=LIMITS.lease_seconds),
        "dataset_slot": 0,
        "namespace_slot": 0,
    }
    if not database["jobs"].update_one({"_id": job["_id"], "token": job["token"]}, {"$set": run}).modified_count:
        raise RuntimeError(f"somebody else has {job['_id']}")
    key: str = job["_id"]
    return key


def _stint(
    member: Member,
    database: Database[dict[str, Any]],
    take: Callable[[], str],
    seconds: float,
    most: int,
    races: Callable[[], tuple[int, int]],
) -> Stint:
    # The first finds its place in the queue, as a process does once in its life.
    taken = [take()]
    durations: list[float] = []
    races_before, lost_before = races()
    member.together()
    begun = before = time.perf_counter()
    while len(durations) < most and before < begun + seconds:
        taken.append(take())
        now = time.perf_counter()
        durations.append(now - before)
        before = now
    races_after, lost_after = races()
    # Nobody cleans up while another still measures.
    member.together()
    jobs = database.get_collection("jobs", write_concern=WriteConcern(w=1, j=False))
    for some in _batches(taken):
        jobs.bulk_write([DeleteOne({"_id": key}) for key in some], ordered=False)
    return Stint(durations, before - begun, races_after - races_before, lost_after - lost_before)


def _batches(keys: list[str]) -> Iterator[list[str]]:
    for begin in range(0, len(keys), 1000):
        yield keys[begin : begin + 1000]


def _cells(grounds: Sequence[Ground], team: Team, seconds: float) -> list[Cell]:
    cells = [Cell(ground.jobs, team.size, [], []) for ground in grounds]
    for _, (ground, cell) in itertools.product(range(_ROUNDS), zip(grounds, cells, strict=True)):
        cell.claims.extend(ground.claims(team, seconds / _ROUNDS))
        cell.pairs.extend(ground.pairs(team, seconds / _ROUNDS))
    return cells


def _row(cell: Cell) -> tuple[str, ...]:
    return (
        f"{cell.jobs:,}",
        f"{cell.processes}",
        f"{cell.claim_rate:.0f}",
        f"{1000 * cell.claim_seconds:.2f}",
        f"{cell.pair_rate:.0f}",
        f"{1000 * cell.pair_seconds:.2f}",
        f"{cell.claim_rate / cell.pair_rate:.2f}",
        f"{cell.lost:.1%}",
    )


def _aims(cells: list[Cell]) -> list[Aim]:
    fewest, most = min(cell.processes for cell in cells), max(cell.processes for cell in cells)
    alone = sorted((cell for cell in cells if cell.processes == fewest), key=lambda cell: cell.jobs)
    small, large = alone[0], alone[-1]
    farthest = min(cells, key=lambda cell: cell.claim_rate / cell.pair_rate)
    unluckiest = max((cell for cell in cells if cell.processes == most), key=lambda cell: cell.lost)
    dearer = large.claim_seconds / small.claim_seconds
    of_ceiling = farthest.claim_rate / farthest.pair_rate
    return [
        Aim(f"ms a claim at {large.jobs:,} jobs, of those at {small.jobs:,}", dearer, "<=", 1.3),
        Aim(f"of the ceiling, least: {farthest.processes} processes, {farthest.jobs:,} jobs", of_ceiling, ">=", 0.5),
        Aim(f"races lost by {most} processes, most: {unluckiest.jobs:,} jobs", unluckiest.lost, "<=", 0.1, ".1%"),
    ]


def _taken(stints: list[Stint]) -> int:
    return sum(1 + len(stint.durations) for stint in stints)


def _median(stints: list[Stint]) -> float:
    return statistics.median(itertools.chain.from_iterable(stint.durations for stint in stints))
