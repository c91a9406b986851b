"""The ways of one job's document: each is one conditional update, and each gives the job a new token.

A job that becomes ready needs its namespace's turn too. `due_at` stands in the document until the turn is announced:
when the process dies in between, upkeep announces it.
"""

from collections.abc import Sequence
from typing import Any

from bson import ObjectId
from pymongo import UpdateOne
from pymongo.database import Database
from pymongo.errors import BulkWriteError, DuplicateKeyError
from pymongo.write_concern import WriteConcern

from libqueue.clock import after, microseconds
from libqueue.model import Claim, JobKey, Limits, Priority, Setback, SlotTakenError, Status
from libqueue.turns import Turns

# By how much of age one priority is ahead of the next: a low job is as good as a normal one this much younger.
_PRIORITY_MICROSECONDS = 600_000_000
# By then a process that lives has announced the job.
_ANNOUNCED_SECONDS = 10.0
# Undone by a crash, it is done again.
_LOOSE = WriteConcern(w=1, j=False)
_OF_A_RUN = (
    "owner",
    "started_at",
    "dataset_slot",
    "namespace_slot",
    "crowd",
    "next_payload",
    "next_priority",
    "next_rank",
    "next_event_at",
)


def advance(priority: Priority) -> int:
    """How many microseconds before its time a job of this priority is ranked."""
    return (Priority.LOW - priority) * _PRIORITY_MICROSECONDS


class Jobs:
    """The collection `jobs` of one queue database, and the turns that go with it."""

    def __init__(self, database: Database[dict[str, Any]], turns: Turns, limits: Limits) -> None:
        self._jobs = database["jobs"]
        self._loose = database.get_collection("jobs", write_concern=_LOOSE)
        self._turns = turns
        self._lease_seconds = limits.lease_seconds

    def add(self, key: JobKey, priority: Priority, payload: dict[str, Any] | None) -> None:
        """Makes sure that a job of this key runs after now."""
        token, rank = ObjectId(), microseconds(-advance(priority))
        update = _addition(key, token, priority, rank, payload)
        while True:
            try:
                self._jobs.update_one({"_id": str(key)}, update, upsert=True)
                break
            except DuplicateKeyError:
                continue  # another process inserted it first: update that one
        self._turns.announce(key.type, key.namespace, rank=rank)
        self._confirm({"_id": str(key), "token": token})

    def add_many(
        self, keys: Sequence[JobKey], priority: Priority, first_rank: int, payload: dict[str, Any] | None
    ) -> None:
        """The same for several, ranked in this order from `first_rank` on."""
        token = ObjectId()
        additions = [
            UpdateOne({"_id": str(key)}, _addition(key, token, priority, first_rank + place, payload), upsert=True)
            for place, key in enumerate(keys)
        ]
        try:
            self._jobs.bulk_write(additions, ordered=False)
        except BulkWriteError:
            # Another process inserted one first; adding is idempotent.
            for key in keys:
                self.add(key, priority, payload)
            return
        for type_, namespace in {(key.type, key.namespace) for key in keys}:
            # Never 1, which would say that no other job is ready there.
            self._turns.announce(type_, namespace, rank=first_rank, jobs=2)
        self._loose.bulk_write(
            [UpdateOne({"_id": str(key), "token": token}, {"$unset": {"due_at": ""}}) for key in keys], ordered=False
        )

    def start(self, job: dict[str, Any], owner: str, dataset_slot: int, namespace_slot: int) -> Claim | None:
        """Makes a ready job run; None when another process was first.

        Raises:
            SlotTakenError: one of the slots is taken.
        """
        run = {"token": ObjectId(), "attempt": job["attempt"] + 1, "owner": owner}
        try:
            started = self._jobs.update_one(
                _as_read(job),
                [
                    {
                        "$set": {
                            **run,
                            "owner": {"$literal": owner},
                            "status": Status.RUNNING.value,
                            "started_at": "$$NOW",
                            "due_at": after(self._lease_seconds),
                            "dataset_slot": dataset_slot,
                            "namespace_slot": namespace_slot,
                        }
                    }
                ],
            )
        except DuplicateKeyError as error:
            raise SlotTakenError from error
        return Claim.of({**job, **run}) if started.modified_count else None

    def beat(self, claim: Claim) -> bool:
        """Extends the lease to a whole one from now; False when the claim doesn't hold."""
        held = self._jobs.update_one(claim.held, [{"$set": {"due_at": after(self._lease_seconds)}}])
        return held.matched_count == 1

    def remove(self, claim: Claim) -> bool:
        """Takes a running job away; False if it has to run again, or somebody waits for its slots, or it isn't held."""
        return self._jobs.delete_one({**claim.held, "crowded": False, "again": False}).deleted_count == 1

    def wait_again(
        self, claim: Claim, counts: dict[str, int], *, delay_seconds: float | None = None, **as_read: Any
    ) -> bool:
        """Makes a running job wait, with these `counts` of setbacks; False if somebody waits for its slots, or it isn't
        held.

        An event that came while it ran is a reason not to wait for the delay.
        """
        ready, delayed = ObjectId(), ObjectId()
        at_once: Any = True if delay_seconds is None else "$again"
        following = {
            name: {"$cond": ["$again", f"$next_{name}", f"${name}"]}
            for name in ("payload", "priority", "rank", "event_at")
        }
        waits = self._jobs.update_one(
            {**claim.held, "crowded": False, **as_read},
            [
                {
                    "$set": {
                        **following,
                        **counts,
                        "token": {"$cond": [at_once, ready, delayed]},
                        "status": {"$cond": [at_once, Status.READY.value, Status.DELAYED.value]},
                        "due_at": {"$cond": [at_once, after(_ANNOUNCED_SECONDS), after(delay_seconds or 0)]},
                        "again": False,
                    }
                },
                {"$unset": list(_OF_A_RUN)},
            ],
        )
        if waits.modified_count and self._jobs.find_one({"_id": str(claim.key), "token": ready}, {"_id": 1}):
            self.announce({"_id": str(claim.key), "token": ready, **_turn_of(claim.key)})
        return waits.modified_count == 1

    def make_ready(self, job: dict[str, Any], *, crowd: Sequence[str] = ()) -> bool:
        """Makes a job that waits ready; False when it changed since it was read.

        When one with a `crowd` has run, it lets in what waits of these types.
        """
        token, due_at = ObjectId(), after(_ANNOUNCED_SECONDS)
        update = {
            "status": Status.READY.value,
            "token": token,
            "due_at": due_at,
            "crowded": bool(crowd),
            "crowd": list(crowd),
        }
        if not self._jobs.update_one(_as_read(job), [{"$set": update}]).modified_count:
            return False
        self.announce({**job, "token": token})
        return True

    def announce(self, job: dict[str, Any]) -> None:
        """The second half of making a job ready."""
        self._turns.announce(job["type"], job["namespace"])
        self._confirm(_as_read(job))

    def park(self, jobs: list[dict[str, Any]], look_again_seconds: float) -> list[dict[str, Any]]:
        """Takes jobs that may not start away from the head; returns them as they are now.

        Parked already, they get another time to look again.
        """
        if not jobs:
            return []
        token = ObjectId()
        parked = {"status": Status.PARKED.value, "token": token, "due_at": after(look_again_seconds)}
        # Not loosely: who sees no ready job may drop the turn.
        self._jobs.bulk_write([UpdateOne(_as_read(job), [{"$set": parked}]) for job in jobs], ordered=False)
        return [{**job, "token": token} for job in jobs]

    def leave_parked(self, jobs: list[dict[str, Any]]) -> None:
        """Nobody has to look at these: a running job of their dataset will."""
        self._loose.bulk_write([UpdateOne(_as_read(job), {"$unset": {"due_at": ""}}) for job in jobs], ordered=False)

    def _confirm(self, job: dict[str, Any]) -> None:
        self._loose.update_one(job, {"$unset": {"due_at": ""}})


def no_setbacks() -> dict[str, int]:
    """The counts of a job that ended and runs anew."""
    return {setback.value: 0 for setback in Setback}


def _as_read(job: dict[str, Any]) -> dict[str, Any]:
    return {"_id": job["_id"], "token": job["token"]}


def _turn_of(key: JobKey) -> dict[str, str]:
    return {"type": key.type, "namespace": key.namespace}


def _addition(
    key: JobKey, token: ObjectId, priority: Priority, rank: int | dict[str, Any], payload: dict[str, Any] | None
) -> list[dict[str, Any]]:
    runs = {"$eq": ["$status", Status.RUNNING.value]}

    def unless_running(name: str, value: Any) -> dict[str, Any]:
        return {name: {"$cond": [runs, f"${name}", value]}}

    def now_or_next(name: str, value: Any) -> dict[str, Any]:
        return {**unless_running(name, value), f"next_{name}": {"$cond": [runs, value, None]}}

    def best(name: str, value: Any) -> dict[str, Any]:
        """Against what waits already; the present run is nothing to the next."""
        return {"$min": [{"$cond": [runs, f"$next_{name}", f"${name}"]}, value]}

    counters = ("attempt", *(setback.value for setback in Setback))
    return [
        {
            "$set": {
                **key.literals,
                "created_at": {"$ifNull": ["$created_at", "$$NOW"]},
                "again": runs,
                "crowded": {"$ifNull": ["$crowded", False]},
                **unless_running("token", token),
                **unless_running("status", Status.READY.value),
                **unless_running("due_at", after(_ANNOUNCED_SECONDS)),
                **now_or_next("payload", {"$literal": payload or {}}),
                **now_or_next("priority", best("priority", int(priority))),
                **now_or_next("rank", best("rank", rank)),
                **now_or_next("event_at", best("event_at", "$$NOW")),
                **{counter: {"$ifNull": [f"${counter}", 0]} for counter in counters},
            }
        }
    ]
