"""The queue: the ways a job comes in, is held, and leaves.

Whatever a holder does carries the token of its run in the filter of one conditional update or delete. When that
matches nothing, the claim no longer holds and `LeaseLostError` says so.
"""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Any

from libcommon.names import namespace_of
from pymongo.database import Database

from libqueue.claims import Claims
from libqueue.clock import microseconds_now, now
from libqueue.crowding import Crowding
from libqueue.endings import Endings
from libqueue.jobs import Jobs, advance, no_setbacks
from libqueue.model import Claim, JobKey, LeaseLostError, Limits, Outcome, Place, Priority, Setback, Status
from libqueue.pauses import Pauses, Scope
from libqueue.turns import Turns

_COUNTED_AHEAD = 100
# How far before a job others are counted, in microseconds of rank: the first that is enough spares a long count.
_COUNTED_SPANS = (100_000, 10_000_000, 1_000_000_000)
# A batch takes a fraction of what a connection is given to answer.
_BATCH = 200


class Queue:
    """One queue database. Every method may raise `pymongo.errors.PyMongoError`; every one may be repeated."""

    def __init__(self, database: Database[dict[str, Any]], limits: Limits) -> None:
        self._database = database
        self._collection = database["jobs"]
        self._turns = Turns(database)
        self._pauses = Pauses(database)
        self._jobs = Jobs(database, self._turns, limits)
        self._crowding = Crowding(database, self._jobs, self._turns, self._pauses, limits)
        self._claims = Claims(database, self._jobs, self._turns, self._crowding, self._pauses, limits)
        self._endings = Endings(database, limits)

    def add(self, key: JobKey, *, priority: Priority = Priority.NORMAL, payload: dict[str, Any] | None = None) -> None:
        """Makes sure that a job of this key runs after now: one that waits stays, one that runs will run once more.

        A job that waits already keeps its place or moves forward, and gets the newer payload. A delayed retry becomes
        ready at once: the event is a reason to try now.
        """
        self._jobs.add(key, priority, payload)

    def add_many(
        self,
        keys: Sequence[JobKey],
        *,
        priority: Priority = Priority.NORMAL,
        payload: dict[str, Any] | None = None,
    ) -> None:
        """Adds jobs with the same payload, many at a time; those of one namespace will run in this order."""
        for begin in range(0, len(keys), _BATCH):
            first_rank = microseconds_now(self._database) - advance(priority)
            self._jobs.add_many(keys[begin : begin + _BATCH], priority, first_rank, payload)

    def claim(self, type_: str, owner: str) -> Claim | None:
        """See `Claims.claim`."""
        return self._claims.claim(type_, owner)

    @property
    def races(self) -> tuple[int, int]:
        """How many races with other processes for a job this object took part in, and how many of them it lost."""
        return self._claims.races, self._claims.lost

    def beat(self, claim: Claim) -> None:
        """Extends the lease to a whole one from now.

        Raises:
            LeaseLostError: the claim no longer holds.
        """
        _check(self._jobs.beat(claim))

    def finish(
        self,
        claim: Claim,
        outcome: Outcome,
        *,
        code: str | None = None,
        message: str | None = None,
        peak_memory_bytes: int | None = None,
    ) -> None:
        """Takes the job out of the queue and notes how it ended; `code` and `message` say why, for operators.

        Raises:
            LeaseLostError: the claim no longer holds.
        """
        if outcome is Outcome.DEAD:
            _check(self._jobs.beat(claim))
            self._endings.note_death(claim, code, message)
        if not self._jobs.remove(claim):
            self._leave(claim, lambda: self._jobs.remove(claim) or self._run_again(claim))
        self._endings.note(claim, outcome, code, peak_memory_bytes)

    def retry(self, claim: Claim, *, delay_seconds: float, setback: Setback) -> None:
        """Makes the job wait again, ready after a delay, and counts what happened against its limits.

        Raises:
            LeaseLostError: the claim no longer holds.
        """
        counts = {setback.value: getattr(claim.setbacks, setback.value) + 1}
        self._leave(claim, lambda: self._jobs.wait_again(claim, counts, delay_seconds=delay_seconds))

    def release(self, claim: Claim) -> None:
        """Hands the job back: it waits in its old place, and nothing is counted.

        Raises:
            LeaseLostError: the claim no longer holds.
        """
        self._leave(claim, lambda: self._jobs.wait_again(claim, {}))

    def _run_again(self, claim: Claim) -> bool:
        return self._jobs.wait_again(claim, no_setbacks(), again=True)

    def _leave(self, claim: Claim, leave: Callable[[], bool]) -> None:
        _check(self._crowding.leave(claim, leave))

    def cancel(self, dataset: str, type_: str | None = None, *, keep: Collection[JobKey] = ()) -> int:
        """Takes the jobs of a dataset out of the queue, but for `keep`; the holder of a running one loses its lease.

        Without `type_`, those of all types. Returns how many there were.
        """
        kept = {str(key) for key in keep}
        found = self._collection.find({"dataset": dataset}, {"type": 1})
        return self._take_out(
            dataset, [job["_id"] for job in found if type_ in (None, job["type"]) and job["_id"] not in kept]
        )

    def cancel_one(self, key: JobKey) -> bool:
        """The same for the job of one key; False when there is none."""
        return self._take_out(key.dataset, [str(key)]) == 1

    def _take_out(self, dataset: str, doomed: list[str]) -> int:
        gone = sum(self._collection.delete_one({"_id": key}).deleted_count for key in doomed)
        self._crowding.let_in(dataset)
        self._turns.release(namespace_of(dataset))
        return gone

    def known(self, keys: Collection[JobKey]) -> set[JobKey]:
        """Those of these keys of which a job waits or runs."""
        by_id = {str(key): key for key in keys}
        ids = list(by_id)
        found: set[JobKey] = set()
        for begin in range(0, len(ids), _BATCH):
            jobs = self._collection.find({"_id": {"$in": ids[begin : begin + _BATCH]}}, {"_id": 1})
            found.update(by_id[job["_id"]] for job in jobs)
        return found

    def seconds_since(self, time: datetime) -> float:
        """How long ago something was, by the clock of the database."""
        return (now(self._database) - time).total_seconds()

    def count(self) -> int:
        """About how many jobs wait or run: the server knows without counting."""
        return self._collection.estimated_document_count()

    def pause(self, scope: Scope, name: str) -> None:
        """Starts no more jobs of a type, namespace or dataset after a second from now; those that run go on."""
        self._pauses.add(scope, name)

    def resume(self, scope: Scope, name: str) -> bool:
        """Ends a pause; False when there was none. Once more is harmless, and mends what a crash left half done."""
        was_paused = self._pauses.remove(scope, name)
        if scope is Scope.DATASET:
            self._crowding.let_in(name)
        if scope is Scope.NAMESPACE:
            self._turns.release(name)
        return was_paused

    def place(self, key: JobKey) -> Place | None:
        """Where the job is; None when none of this key waits or runs."""
        job = self._collection.find_one({"_id": str(key)}, dict.fromkeys(("status", "rank", "priority", "payload"), 1))
        if job is None:
            return None
        priority = Priority(job["priority"])
        if job["status"] == Status.RUNNING:
            return Place(True, priority, 0, job["payload"])
        return Place(False, priority, self._ahead(key, job["rank"]), job["payload"])

    def _ahead(self, key: JobKey, rank: int) -> int | None:
        ahead = 0
        for span in (*_COUNTED_SPANS, None):
            before = {"$lt": rank} if span is None else {"$gte": rank - span, "$lt": rank}
            ready = {"namespace": key.namespace, "status": Status.READY.value, "type": key.type, "rank": before}
            ahead = self._collection.count_documents(ready, limit=_COUNTED_AHEAD + 1)
            if ahead > _COUNTED_AHEAD:
                return None
        return ahead


def _check(holds: bool) -> None:
    if not holds:
        raise LeaseLostError
