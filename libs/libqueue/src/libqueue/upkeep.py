"""What no single job's holder can do: jobs whose holder died wait again, delayed jobs become ready, and what was cut
off between a job and its namespace's turn is mended.

Any number of processes may do it at once; each step is a conditional update.
"""

import random
import time
from typing import Any

from pymongo.database import Database

from libqueue import clock
from libqueue.model import Status
from libqueue.queue import Queue
from libqueue.turns import Turns

# Twice of this, and the time of a claim, is what a takeover takes beyond the lease: well under 5 s.
_PERIOD_SECONDS = 1.0
_BATCH = 100
_TURNS_PERIOD_SECONDS = 10.0


class Upkeep:
    """Runs `rescue_expired` and `promote_due` about once a second, and `restore_turns` more rarely, from a loop."""

    def __init__(self, database: Database[dict[str, Any]], queue: Queue) -> None:
        self._database = database
        self._jobs = database["jobs"]
        self._turns = Turns(database)
        self._queue = queue
        self._next = 0.0
        self._next_turns = 0.0

    def run_when_due(self) -> None:
        """Does a round if the last one is about a second ago; cheap to call often."""
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + _PERIOD_SECONDS * random.uniform(0.75, 1.25)
        self.rescue_expired()
        self.promote_due()
        if time.monotonic() > self._next_turns:
            self._next_turns = time.monotonic() + _TURNS_PERIOD_SECONDS * random.uniform(0.75, 1.25)
            self.restore_turns()

    def restore_turns(self) -> int:
        """Gives turns to namespaces whose jobs wait without one, since a process died before it could announce them."""
        return sum(
            self._turns.restore(type_, self._jobs.distinct("namespace", {"type": type_}))
            for type_ in self._jobs.distinct("type")
        )

    def rescue_expired(self) -> int:
        """Takes the jobs whose lease ran out away from their holders; returns how many."""
        expired = self._jobs.find(
            {"status": Status.RUNNING.value, "lease_expires_at": {"$lt": clock.now(self._database)}}
        ).limit(_BATCH)
        return sum(self._queue.rescue(job) for job in list(expired))

    def promote_due(self) -> int:
        """Makes the jobs ready whose delay is over; returns how many."""
        due = self._jobs.find(
            {"status": Status.WAITING.value, "ready": False, "due_at": {"$lte": clock.now(self._database)}},
            {"job_id": 1, "type": 1, "namespace": 1, "attempt": 1},
        ).limit(_BATCH)
        promoted = 0
        for job in list(due):
            promoted += self._jobs.update_one(
                {
                    "_id": job["_id"],
                    "job_id": job["job_id"],
                    "status": Status.WAITING.value,
                    "attempt": job["attempt"],
                },
                {"$set": {"ready": True}},
            ).modified_count
            self._turns.announce(job["type"], job["namespace"])
        return promoted
