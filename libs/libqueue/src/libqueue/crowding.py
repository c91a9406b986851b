"""Jobs that may not start since their dataset or namespace is paused, or has no free slot.

They are out of the way of those that may: the jobs of a dataset are parked, a namespace's turn is held. The running
jobs that they wait for are marked as crowded; whoever ends one of them lets the next in. So nobody looks at a job that
waits for a slot until there is one.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pymongo.database import Database
from pymongo.write_concern import WriteConcern

from libqueue.jobs import Jobs
from libqueue.model import Claim, Limits, Status
from libqueue.pauses import Pauses, Scope
from libqueue.turns import Turn, Turns
from libqueue.windows import Window, lowest

_LOOSE = WriteConcern(w=1, j=False)
# A process that is about to let the next in has done so by the end of its lease, or lost it.
_BEYOND_LEASE_SECONDS = 5.0
_SPAN = 16


class Crowding:
    """What waits for slots in one queue database."""

    def __init__(
        self, database: Database[dict[str, Any]], jobs: Jobs, turns: Turns, pauses: Pauses, limits: Limits
    ) -> None:
        self._collection = database["jobs"]
        self._loose = database.get_collection("jobs", write_concern=_LOOSE)
        self._jobs = jobs
        self._turns = turns
        self._pauses = pauses
        self._limits = limits

    def park(self, jobs: list[dict[str, Any]]) -> None:
        """Takes these ready jobs, whose datasets are full or paused, out of the way."""
        parked = self._jobs.park(jobs, self._limits.lease_seconds + _BEYOND_LEASE_SECONDS)
        for dataset in {job["dataset"] for job in parked}:
            if not self._pauses.covers(Scope.DATASET, dataset):
                self._reconsider(dataset, [job for job in parked if job["dataset"] == dataset])

    def look_again(self, job: dict[str, Any]) -> None:
        """What upkeep does with a parked job that nobody may be waiting to let in."""
        if self._pauses.covers(Scope.DATASET, job["dataset"]):
            self._jobs.leave_parked([job])
        else:
            self._reconsider(job["dataset"], [job])

    def _reconsider(self, dataset: str, parked: list[dict[str, Any]]) -> None:
        # After they are parked: a run that gets its mark now will see them when it ends.
        free = max(0, self._limits.max_jobs_per_dataset - self._mark({"dataset": dataset}))
        for job in parked[:free]:
            self._jobs.make_ready(job, crowded=True)
        if parked[free:]:
            self._jobs.leave_parked(parked[free:])

    def hold(self, turn: Turn) -> None:
        """Takes a namespace that is full or paused out of the rotation."""
        self._turns.hold(turn)
        self.look_again_at_namespace(turn.namespace)

    def look_again_at_namespace(self, namespace: str) -> None:
        """Puts a held namespace back where it is neither paused nor full."""
        if self._pauses.covers(Scope.NAMESPACE, namespace):
            return
        if self._mark({"namespace": namespace}) < self._limits.max_jobs_per_namespace:
            self._turns.release(namespace)

    def _mark(self, whose: dict[str, str]) -> int:
        running = {**whose, "status": Status.RUNNING.value}
        return self._loose.update_many(running, {"$set": {"crowded": True}}).matched_count

    @contextmanager
    def leaving(self, claim: Claim) -> Iterator[None]:
        """Around what ends a run: lets in what waits for its slots.

        A parked job is let in before: if this process dies in between, it is found and parked again, not lost. And
        after, when somebody who took the dataset for full has parked it again.
        """
        dataset, window = claim.key.dataset, Window(claim.rank, _SPAN)
        first = self._let_in(dataset, window)
        yield
        if first is None or self._is_parked(first):
            self._let_in(dataset, window)
        self._turns.release(claim.key.namespace)

    def let_in(self, dataset: str) -> None:
        """Makes as many parked jobs of a dataset ready as may run at once."""
        for _ in range(self._limits.max_jobs_per_dataset):
            self._let_in(dataset, None)

    def _let_in(self, dataset: str, window: Window | None) -> str | None:
        while True:
            waiting = {"dataset": dataset, "status": Status.PARKED.value}
            parked, _ = lowest(self._collection, waiting, "rank", 1, window)
            if not parked:
                return None
            if self._jobs.make_ready(parked[0], crowded=True):
                key: str = parked[0]["_id"]
                return key

    def _is_parked(self, key: str) -> bool:
        job = self._collection.find_one({"_id": key}, {"status": 1})
        return job is not None and job["status"] == Status.PARKED
