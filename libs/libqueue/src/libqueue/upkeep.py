"""What no single job's holder can do: jobs whose holder died wait again, delayed jobs become ready, and what a crash
cut off between the two halves of a change is mended.

Any number of processes may do it at once; each step is a conditional update.
"""

import random
import time
from typing import Any

from pymongo.database import Database

from libqueue import clock
from libqueue.crowding import Crowding
from libqueue.jobs import Jobs
from libqueue.model import Claim, Limits, Status
from libqueue.pauses import Pauses
from libqueue.turns import Turns

# Twice of this, and the time of a claim, is what a takeover takes beyond the lease: well under 5 s.
_PERIOD_SECONDS = 1.0
_BATCH = 100
_HELD_PERIOD_SECONDS = 10.0


class Upkeep:
    """Looks about once a second after what is due, and more rarely after held namespaces, from a loop."""

    def __init__(self, database: Database[dict[str, Any]], limits: Limits) -> None:
        self._database = database
        self._collection = database["jobs"]
        self._turns = Turns(database)
        self._jobs = Jobs(database, self._turns, limits)
        self._crowding = Crowding(database, self._jobs, self._turns, Pauses(database), limits)
        self._next = 0.0
        self._next_held = 0.0
        self.taken_back = 0
        """How many jobs this object has taken back from holders whose lease was over."""

    def run_when_due(self) -> None:
        """Does a round if the last one is about a second ago; cheap to call often."""
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + _PERIOD_SECONDS * random.uniform(0.75, 1.25)
        self.attend_due()
        if time.monotonic() > self._next_held:
            self._next_held = time.monotonic() + _HELD_PERIOD_SECONDS * random.uniform(0.75, 1.25)
            self.attend_held()

    def attend_due(self) -> int:
        """Looks after jobs whose lease or delay is over, or whose change was left half done; returns how many."""
        due = list(self._collection.find({"due_at": {"$lt": clock.now(self._database)}}).limit(_BATCH))
        # Several processes do the same: then they rarely do it to the same job.
        random.shuffle(due)
        for job in due:
            match job["status"]:
                case Status.RUNNING:
                    self._rescue(job)
                case Status.DELAYED:
                    self._jobs.make_ready(job)
                case Status.READY:
                    self._jobs.announce(job)
                case Status.PARKED:
                    self._crowding.look_again([job])
        return len(due)

    def attend_held(self) -> None:
        """Puts namespaces back into the rotation that are held and need not be."""
        held = list(self._turns.held_namespaces())
        # Where there is time for some only, it is not always for the same.
        random.shuffle(held)
        for namespace in held:
            self._crowding.look_again_at_namespace(namespace)

    def _rescue(self, job: dict[str, Any]) -> None:
        """Makes a running job wait again whose lease ran out, unless its holder beat after all."""
        claim = Claim.of(job)
        counts = {"lost_leases": claim.setbacks.lost_leases + 1}
        as_read = {"again": job["again"], "due_at": job["due_at"]}
        if self._crowding.leave(claim, lambda: self._jobs.wait_again(claim, counts, **as_read), once=True):
            self.taken_back += 1
