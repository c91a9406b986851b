"""The queue: the ways a job comes in, is held, and leaves.

Whatever a holder does carries its attempt in the filter of one conditional update or delete. When that matches
nothing, the claim no longer holds and `LeaseLostError` says so.
"""

from collections.abc import Collection, Sequence
from typing import Any

from bson import ObjectId
from pymongo import UpdateOne
from pymongo.database import Database
from pymongo.errors import BulkWriteError, DuplicateKeyError

from libqueue.claims import Claims
from libqueue.clock import after
from libqueue.model import Claim, JobKey, LeaseLostError, Limits, Outcome, Place, Priority, Status
from libqueue.turns import Turns

# By how much of age one priority is ahead of the next: a low job is as good as a normal one this much younger.
_PRIORITY_SECONDS = 600.0
_COUNTED_AHEAD = 100
_BATCH = 1_000


class Queue:
    """One queue database. Every method may raise `pymongo.errors.PyMongoError`; every one may be repeated."""

    def __init__(self, database: Database[dict[str, Any]], limits: Limits) -> None:
        self._jobs = database["jobs"]
        self._history = database["history"]
        self._turns = Turns(database)
        self._claims = Claims(database, limits)
        self._limits = limits

    def add(self, key: JobKey, *, priority: Priority = Priority.NORMAL, payload: dict[str, Any] | None = None) -> None:
        """Makes sure that a job of this key runs after now: one that waits stays, one that runs will run once more.

        A job that waits already keeps its place or moves forward, and gets the newer payload. A delayed retry becomes
        ready at once: the event is a reason to try now.
        """
        update = _addition(key, priority, payload)
        while True:
            try:
                self._jobs.update_one({"_id": str(key)}, update, upsert=True)
                break
            except DuplicateKeyError:
                continue  # another process inserted it first: update that one
        self._turns.announce(key.type, key.namespace)

    def add_many(self, keys: Sequence[JobKey]) -> None:
        """Adds jobs of one type and namespace with normal priority, many at a time."""
        for begin in range(0, len(keys), _BATCH):
            batch = keys[begin : begin + _BATCH]
            additions = [
                UpdateOne({"_id": str(key)}, _addition(key, Priority.NORMAL, None), upsert=True) for key in batch
            ]
            try:
                self._jobs.bulk_write(additions, ordered=False)
            except BulkWriteError:
                # Another process inserted one first; adding is idempotent.
                for key in batch:
                    self.add(key)
        for type_, namespace in {(key.type, key.namespace) for key in keys}:
            self._turns.announce(type_, namespace)

    def claim(self, type_: str, owner: str) -> Claim | None:
        """See `Claims.claim`."""
        return self._claims.claim(type_, owner)

    def beat(self, claim: Claim) -> None:
        """Extends the lease to a whole one from now.

        Raises:
            LeaseLostError: the claim no longer holds.
        """
        held = self._jobs.update_one(claim.held, [{"$set": {"lease_expires_at": after(self._limits.lease_seconds)}}])
        if not held.matched_count:
            raise LeaseLostError

    def finish(self, claim: Claim, outcome: Outcome, *, code: str | None = None) -> None:
        """Takes the job out of the queue and notes it in the history.

        Raises:
            LeaseLostError: the claim no longer holds.
        """
        gone = self._jobs.delete_one({**claim.held, "again": False}).deleted_count
        if not gone and not self._wait_again(claim, dict.fromkeys(("failures", "crashes", "lost_leases"), 0)):
            raise LeaseLostError
        self._history.update_one(
            {"_id": f"{claim.job_id}:{claim.attempt}"},
            [
                {
                    "$set": {
                        "key": {"$literal": str(claim.key)},
                        "type": {"$literal": claim.key.type},
                        "dataset": {"$literal": claim.key.dataset},
                        "config": {"$literal": claim.key.config},
                        "split": {"$literal": claim.key.split},
                        "outcome": outcome.value,
                        "code": code,
                        "attempt": claim.attempt,
                        "owner": {"$literal": claim.owner},
                        "ended_at": "$$NOW",
                        "expires_at": after(self._limits.history_seconds),
                    }
                }
            ],
            upsert=True,
        )

    def retry(self, claim: Claim, *, delay_seconds: float, failed: bool = False, crashed: bool = False) -> None:
        """Makes the job wait again, ready after a delay, and counts what happened against its limits.

        Raises:
            LeaseLostError: the claim no longer holds.
        """
        changes = {"ready": False, "due_at": after(delay_seconds)}
        if failed:
            changes["failures"] = claim.failures + 1
        if crashed:
            changes["crashes"] = claim.crashes + 1
        if not self._wait_again(claim, changes):
            raise LeaseLostError

    def release(self, claim: Claim) -> None:
        """Hands the job back: it waits in its old place, and nothing is counted.

        Raises:
            LeaseLostError: the claim no longer holds.
        """
        if not self._wait_again(claim, {}):
            raise LeaseLostError

    def cancel(self, dataset: str, type_: str, *, keep: Collection[JobKey] = ()) -> int:
        """Takes the jobs of a dataset out of the queue, but for `keep`; the holder of a running one loses its lease.

        Returns how many there were.
        """
        kept = {str(key) for key in keep}
        doomed = [
            job["_id"]
            for job in self._jobs.find({"dataset": dataset, "type": type_}, {"_id": 1})
            if job["_id"] not in kept
        ]
        return sum(self._jobs.delete_one({"_id": id_}).deleted_count for id_ in doomed)

    def place(self, key: JobKey) -> Place | None:
        """Where the job is; None when none of this key waits or runs."""
        job = self._jobs.find_one({"_id": str(key)}, {"status": 1, "rank": 1})
        if job is None:
            return None
        if job["status"] == Status.RUNNING:
            return Place(Status.RUNNING, 0)
        ahead = self._jobs.count_documents(
            {
                "type": key.type,
                "namespace": key.namespace,
                "status": Status.WAITING.value,
                "ready": True,
                "rank": {"$lt": job["rank"]},
            },
            limit=_COUNTED_AHEAD + 1,
        )
        return Place(Status.WAITING, ahead if ahead <= _COUNTED_AHEAD else None)

    def rescue(self, job: dict[str, Any]) -> bool:
        """Makes a running job wait again whose lease ran out; False when its holder beat after all."""
        claim = Claim.of(job, attempt=job["attempt"], owner=job["owner"])
        return self._wait_again(
            claim,
            {"lost_leases": claim.lost_leases + 1},
            lease_expires_at=job["lease_expires_at"],
        )

    def _wait_again(self, claim: Claim, changes: dict[str, Any], **also: Any) -> bool:
        freed = ["owner", "started_at", "lease_expires_at", "dataset_slot", "namespace_slot"]
        following = {
            name: {"$cond": ["$again", f"$next_{name}", f"${name}"]} for name in ("payload", "priority", "rank")
        }
        waits = self._jobs.update_one(
            {**claim.held, **also},
            [
                {
                    "$set": {
                        **following,
                        **changes,
                        "ready": {"$or": ["$again", changes.get("ready", True)]},
                        "status": Status.WAITING.value,
                        "again": False,
                    }
                },
                {"$unset": [*freed, "next_payload", "next_priority", "next_rank"]},
            ],
        )
        if waits.modified_count:
            self._turns.announce(claim.key.type, claim.key.namespace)
        return waits.modified_count == 1


def _addition(key: JobKey, priority: Priority, payload: dict[str, Any] | None) -> list[dict[str, Any]]:
    runs = {"$eq": ["$status", Status.RUNNING.value]}
    rank = after(-_PRIORITY_SECONDS * (Priority.LOW - priority))

    def unless_running(name: str, value: Any) -> dict[str, Any]:
        return {name: {"$cond": [runs, f"${name}", value]}, f"next_{name}": {"$cond": [runs, value, None]}}

    return [
        {
            "$set": {
                "job_id": {"$ifNull": ["$job_id", ObjectId()]},
                "type": {"$literal": key.type},
                "dataset": {"$literal": key.dataset},
                "config": {"$literal": key.config},
                "split": {"$literal": key.split},
                "namespace": {"$literal": key.namespace},
                "status": {"$ifNull": ["$status", Status.WAITING.value]},
                "again": runs,
                "ready": True,
                "created_at": {"$ifNull": ["$created_at", "$$NOW"]},
                **unless_running("payload", {"$literal": payload or {}}),
                **unless_running("priority", {"$min": ["$priority", int(priority)]}),
                **unless_running("rank", {"$min": ["$rank", rank]}),
                **{
                    counter: {"$ifNull": [f"${counter}", 0]}
                    for counter in ("attempt", "failures", "crashes", "lost_leases")
                },
            }
        }
    ]
