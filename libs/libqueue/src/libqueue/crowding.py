"""Jobs that may not start since their dataset or namespace is paused, or has no free slot.

They are out of the way of those that may: the jobs of a dataset are parked, a namespace's turn is held. The running
jobs that they wait for are marked as crowded; whoever ends one of them lets the next in. So nobody looks at a job that
waits for a slot until there is one.
"""

from collections.abc import Callable
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
        for whose in {(job["dataset"], job["type"]) for job in parked}:
            self.look_again([job for job in parked if (job["dataset"], job["type"]) == whose])

    def look_again(self, parked: list[dict[str, Any]]) -> None:
        """Lets parked jobs of one type of a dataset in as far as it has room; the others wait for what runs to end.

        After they are parked: a run that gets its mark now, or a pause that ends now, will see them.
        """
        dataset, type_ = parked[0]["dataset"], parked[0]["type"]
        free = 0
        if not self._pauses.covers(Scope.DATASET, dataset):
            free = max(0, self._limits.max_jobs_per_dataset - self._mark({"dataset": dataset}, [type_]))
        for job in parked[:free]:
            self._jobs.make_ready(job, crowd=[type_])
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
        if self._mark({"namespace": namespace}, []) < self._limits.max_jobs_per_namespace:
            self._turns.release(namespace)

    def _mark(self, whose: dict[str, str], types: list[str]) -> int:
        """Marks what runs as crowded by jobs of these types; returns how many run."""
        crowd = {"$setUnion": [{"$ifNull": ["$crowd", []]}, types]}
        running = {**whose, "status": Status.RUNNING.value}
        return self._collection.update_many(running, [{"$set": {"crowded": True, "crowd": crowd}}]).matched_count

    def leave(self, claim: Claim, leave: Callable[[], bool], *, once: bool = False) -> bool:
        """Ends a run by `leave`, which works only while the run is not marked, and lets in what waits for its slots.

        The mark is taken away first: if it is there again, somebody was parked meanwhile, and this begins again unless
        it is to be tried but `once`. Who is first to be let in becomes due: if this process dies after `leave`, upkeep
        lets it in. False when the claim doesn't hold.
        """
        while (types := self._unmark(claim)) is not None:
            for type_ in types:
                self._jobs.park(self._first_parked(claim, type_), _BEYOND_LEASE_SECONDS)
            if leave():
                for type_ in types:
                    self._let_in_first(claim, type_, types)
                self._turns.release(claim.key.namespace)
                return True
            if once:
                break
        return False

    def let_in(self, dataset: str) -> None:
        """Makes as many parked jobs of a dataset ready as may run at once, of each type."""
        parked = {"dataset": dataset, "status": Status.PARKED.value}
        types = self._collection.distinct("type", parked)
        for type_ in types:
            first = self._collection.find({**parked, "type": type_}).sort("rank")
            for job in list(first.limit(self._limits.max_jobs_per_dataset)):
                self._jobs.make_ready(job, crowd=types)

    def _unmark(self, claim: Claim) -> list[str] | None:
        """The types that the run is crowded by, now that its mark is gone; None when the claim doesn't hold."""
        if not self._loose.update_one(claim.held, {"$set": {"crowded": False}}).matched_count:
            return None
        job = self._collection.find_one(claim.held, {"crowd": 1})
        return None if job is None else job.get("crowd") or []

    def _let_in_first(self, claim: Claim, type_: str, crowd: list[str]) -> None:
        # Again when another process has let the same one in: it has left another slot.
        while (parked := self._first_parked(claim, type_)) and not self._jobs.make_ready(parked[0], crowd=crowd):
            pass

    def _first_parked(self, claim: Claim, type_: str) -> list[dict[str, Any]]:
        """The parked job of the run's dataset that is the first to be let in, if there is one."""
        waiting = {"dataset": claim.key.dataset, "status": Status.PARKED.value, "type": type_}
        return lowest(self._collection, waiting, "rank", 1, Window(claim.rank, _SPAN))[0]
