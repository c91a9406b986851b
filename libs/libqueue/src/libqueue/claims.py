"""Claiming: one conditional update makes a ready job run, in a slot of its dataset and one of its namespace.

Caps are guarded by unique indexes over the slots of running jobs. So a claim begins with the guess that nothing runs in
the namespace, and looks at what does only when its update is refused; see `docs/decisions/0001-claims.md`.
"""

import contextlib
import random
import time
from collections import Counter
from collections.abc import Iterable
from typing import Any

from pymongo.database import Database
from pymongo.errors import PyMongoError

from libqueue.crowding import Crowding
from libqueue.jobs import Jobs
from libqueue.model import Claim, Limits, SlotTakenError, Status
from libqueue.pauses import Pauses, Scope
from libqueue.turns import Turn, Turns
from libqueue.windows import lowest

# How many jobs at the head of a namespace are looked at for one that may start.
_HEAD = 16
# How often one turn looks there: what may not start is parked in between.
_LOOKS = 4
# How long one claim goes on from turn to turn; those that lead to nothing leave the rotation.
_SECONDS = 1.0


class Claims:
    """The claims of one queue database. `races` counts what this object reached for, `lost` what others had first."""

    def __init__(
        self,
        database: Database[dict[str, Any]],
        jobs: Jobs,
        turns: Turns,
        crowding: Crowding,
        pauses: Pauses,
        limits: Limits,
    ) -> None:
        self._collection = database["jobs"]
        self._jobs = jobs
        self._turns = turns
        self._crowding = crowding
        self._pauses = pauses
        self._limits = limits
        self.races = 0
        self.lost = 0

    def claim(self, type_: str, owner: str) -> Claim | None:
        """Takes the next job of a type for `owner`, under a lease of `Limits.lease_seconds`; None if there is none.

        The holder must `beat` before the lease runs out, and ends the job by `finish`, `retry` or `release`.
        """
        if self._pauses.covers(Scope.TYPE, type_):
            return None
        until = time.monotonic() + _SECONDS
        while True:
            turn = self._turns.next(type_)
            if turn is None:
                return None
            claim = self._claim_at(turn, type_, owner)
            if claim is not None or time.monotonic() > until:
                return claim

    def _claim_at(self, turn: Turn, type_: str, owner: str) -> Claim | None:
        if self._pauses.covers(Scope.NAMESPACE, turn.namespace):
            self._crowding.hold(turn)
            return None
        is_taken = False
        # At first a guess, which spares asking.
        running: list[dict[str, Any]] = []
        for _ in range(_LOOKS):
            ready = {"namespace": turn.namespace, "status": Status.READY.value, "type": type_}
            head, window = lowest(self._collection, ready, "rank", _HEAD, turn.window)
            if not head:
                self._turns.drop(turn)
                return None
            if len(running) >= self._limits.max_jobs_per_namespace:
                self._crowding.hold(turn)
                return None
            job = next((job for job in head if not self._is_blocked(job, running)), None)
            if job is None:
                self._crowding.park(head)
                continue
            self.races += 1
            # Nothing else can be there: its turn is not taken but dropped, when it has started.
            is_last = turn.announced == 1 and len(head) == 1
            if not (is_taken or is_last):
                taken = self._turns.take(turn, window)
                if taken is None:
                    self.lost += 1
                    return None
                turn, is_taken = taken, True
            try:
                claim = self._start(job, owner, running)
            except SlotTakenError:
                self.lost += 1
                running = self._running(turn.namespace)
                continue
            if claim is None:
                self.lost += 1
            elif is_last:
                # Not at the price of the claim: a turn that is left over is harmless.
                with contextlib.suppress(PyMongoError):
                    self._turns.drop(turn)
            return claim
        if not is_taken:
            self._turns.take(turn, turn.window)
        return None

    def _running(self, namespace: str) -> list[dict[str, Any]]:
        return list(
            self._collection.find(
                {"namespace": namespace, "status": Status.RUNNING.value},
                {"dataset": 1, "dataset_slot": 1, "namespace_slot": 1},
            )
        )

    def _is_blocked(self, job: dict[str, Any], running: list[dict[str, Any]]) -> bool:
        busy = Counter(other["dataset"] for other in running)
        return busy[job["dataset"]] >= self._limits.max_jobs_per_dataset or self._pauses.covers(
            Scope.DATASET, job["dataset"]
        )

    def _start(self, job: dict[str, Any], owner: str, running: list[dict[str, Any]]) -> Claim | None:
        of_dataset = (other["dataset_slot"] for other in running if other["dataset"] == job["dataset"])
        of_namespace = (other["namespace_slot"] for other in running)
        dataset_slot = _free(self._limits.max_jobs_per_dataset, of_dataset)
        namespace_slot = _free(self._limits.max_jobs_per_namespace, of_namespace)
        return self._jobs.start(job, owner, dataset_slot, namespace_slot)


def _free(cap: int, taken: Iterable[int]) -> int:
    """Any of the free slots, so that those who guess at the same time rarely guess the same."""
    return random.choice(sorted(set(range(cap)).difference(taken)))
