"""How far the pass over all datasets is: who leads it, where it goes on, and when. One document, which any number of
workers try to take the next step by.

Whatever a leader writes carries the version that it got with its step: when another one took over meanwhile, it
matches nothing.
"""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from libqueue import clock
from libqueue.clock import after
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from worker.asking import CHILD_SECONDS
from worker.reconciliation_settings import ReconciliationSettings

_NAME = "datasets"
# A step is one child and what is done in Mongo with its answer; if it took longer, any two workers would take turns at
# it and never get on.
_LEASE_SECONDS = 4 * CHILD_SECONDS
_FIRST_PASS_SECONDS = 5.0
_BACKOFF_SECONDS = 2.0
_MAX_BACKOFF_SECONDS = 600.0
# A Hub may ask for any delay, even one that would never end.
_MAX_RETRY_AFTER_SECONDS = 3_600.0
# After about two hours of them, the cursor may be what the Hub does not take.
_MAX_FAILURES = 20
# A worker looks at least so often whether the others still lead.
_MAX_WAIT_SECONDS = 60.0


class Phase(StrEnum):
    """What a pass does, in this order."""

    CATALOGUE = "catalogue"
    RECORDS = "records"


@dataclass(frozen=True, slots=True)
class Step:
    """The right to take the next step of a pass, for the time of a lease."""

    version: int
    phase: Phase
    cursor: str | None
    pass_began: datetime
    failures: int


class Passes:
    """The passes of one cache database, as `owner` takes part in them. Every method may raise `PyMongoError`."""

    def __init__(
        self,
        database: Database[dict[str, Any]],
        owner: str,
        settings: ReconciliationSettings,
        *,
        lease_seconds: float = _LEASE_SECONDS,
    ) -> None:
        self._database = database
        self._passes = database["reconciliation"]
        self._owner = owner
        self._interval = timedelta(seconds=settings.reconcile_interval_seconds)
        self._step_seconds = settings.reconcile_page_seconds
        self._lease_seconds = lease_seconds

    def take(self) -> Step | float:
        """The next step, if it is due and no other worker leads; else the seconds after which to ask again."""
        state = self._passes.find_one({"_id": _NAME})
        if state is None:
            self._begin_ever()
            return 0.0
        now = clock.now(self._database)
        wait = (self._due(state) - now).total_seconds()
        if wait > 0:
            return min(wait, _MAX_WAIT_SECONDS)
        began = now if state["phase"] is None else state["started_at"]
        step = Step(
            version=state["version"] + 1,
            phase=Phase(state["phase"] or Phase.CATALOGUE),
            cursor=state["cursor"],
            pass_began=began,
            failures=state["failures"],
        )
        taken = self._passes.update_one(
            {"_id": _NAME, "version": state["version"]},
            [
                {
                    "$set": {
                        "version": step.version,
                        "owner": {"$literal": self._owner},
                        "lease_expires_at": after(self._lease_seconds),
                        "phase": step.phase.value,
                        "started_at": began,
                        "not_before": after(self._step_seconds),
                    }
                }
            ],
        )
        return step if taken.modified_count else self._step_seconds

    def advance(self, step: Step, phase: Phase, cursor: str | None, *, requests: int = 1) -> None:
        """The step is done, and took so many requests: the next one begins there, after the time for all of them."""
        further = round(self._step_seconds * max(requests - 1, 0) * 1000)
        not_before = {"$dateAdd": {"startDate": "$not_before", "unit": "millisecond", "amount": further}}
        changes = {"phase": phase.value, "cursor": {"$literal": cursor}, "failures": 0, "not_before": not_before}
        self._write(step, changes)

    def finish(self, step: Step) -> None:
        """The step was the last one: the next pass begins an interval from now, led by whoever comes first."""
        self._write(step, {"phase": None, "cursor": None, "failures": 0, "owner": None, "finished_at": "$$NOW"})

    def wait(self, step: Step, seconds: float) -> None:
        """The step was not taken: the same one is to be taken later."""
        self._write(step, {"not_before": after(seconds)})

    def fail(self, step: Step, seconds: float | None) -> None:
        """The step came to nothing: the same one is to be taken after a while that doubles from failure to failure, and
        is no shorter than `seconds`. After many failures the pass begins anew.
        """
        if step.failures + 1 >= _MAX_FAILURES:
            self._write(step, {"phase": None, "cursor": None, "failures": 0, "finished_at": None})
            return
        backoff = min(_BACKOFF_SECONDS * 2.0**step.failures, _MAX_BACKOFF_SECONDS) * random.uniform(0.75, 1.25)
        delay = max(backoff, min(seconds or 0.0, _MAX_RETRY_AFTER_SECONDS))
        self._write(step, {"not_before": after(delay), "failures": step.failures + 1})

    def _due(self, state: dict[str, Any]) -> datetime:
        due: datetime = state["not_before"]
        if state["phase"] is None and state["finished_at"] is not None:
            due = max(due, state["finished_at"] + self._interval)
        if state["owner"] not in (None, self._owner):
            due = max(due, state["lease_expires_at"])
        return due

    def _begin_ever(self) -> None:
        delay = min(self._interval.total_seconds(), _FIRST_PASS_SECONDS) * random.uniform(0.5, 1.0)
        nothing = ("owner", "lease_expires_at", "phase", "cursor", "started_at", "finished_at")
        first = {**dict.fromkeys(nothing), "version": 0, "failures": 0, "not_before": after(delay)}
        try:
            self._passes.update_one(
                {"_id": _NAME},
                [{"$set": {name: {"$ifNull": [f"${name}", value]} for name, value in first.items()}}],
                upsert=True,
            )
        except DuplicateKeyError:
            return  # another worker made it

    def _write(self, step: Step, changes: dict[str, Any]) -> None:
        self._passes.update_one({"_id": _NAME, "version": step.version}, [{"$set": changes}])
