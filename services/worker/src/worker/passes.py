"""How far a pass over everything there is has come: who leads it, where it goes on, and when. One document for each
kind of pass, which any number of workers try to take the next step by.

Whatever a leader writes carries the version that it got with its step: when another one took over meanwhile, it
matches nothing.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from libqueue import clock
from libqueue.clock import after
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

_FIRST_PASS_SECONDS = 5.0
_BACKOFF_SECONDS = 2.0
_MAX_BACKOFF_SECONDS = 600.0
# A Hub may ask for any delay, even one that would never end.
_MAX_RETRY_AFTER_SECONDS = 3_600.0
# After about two hours of them, the cursor may be the trouble: one that the Hub does not take.
_MAX_FAILURES = 20
# A worker looks at least so often whether the others still lead.
_MAX_WAIT_SECONDS = 60.0
_AT_THE_START: dict[str, Any] = {"phase": None, "cursor": None, "failures": 0, "counts": {"$literal": {}}}


@dataclass(frozen=True, slots=True)
class Plan:
    """One kind of pass: the phase that it begins with, the time from one to the next, and the least time from step to
    step. A lease must be longer than any step takes: else any two workers take turns at it and never get on.
    """

    name: str
    first_phase: str
    interval_seconds: float
    step_seconds: float
    lease_seconds: float


@dataclass(frozen=True, slots=True)
class Step:
    """The right to take the next step of a pass, for the time of a lease; `counts` is what the last one left."""

    version: int
    phase: str
    cursor: str | None
    pass_began: datetime
    failures: int
    counts: dict[str, Any] = field(default_factory=dict)


class Passes:
    """The passes of one kind over what a cache database is about, as `owner` takes part in them. Every method may raise
    `PyMongoError`.
    """

    def __init__(self, database: Database[dict[str, Any]], owner: str, plan: Plan) -> None:
        self._database = database
        self._passes = database["passes"]
        self._owner = owner
        self._name = plan.name
        self._first_phase = plan.first_phase
        self._interval = timedelta(seconds=plan.interval_seconds)
        self._step_seconds = plan.step_seconds
        self._lease_seconds = plan.lease_seconds

    def take(self) -> Step | float:
        """The next step, if it is due and no other worker leads; else the seconds after which to ask again."""
        state = self._passes.find_one({"_id": self._name})
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
            phase=state["phase"] or self._first_phase,
            cursor=state["cursor"],
            pass_began=began,
            failures=state["failures"],
            counts=state["counts"],
        )
        taken = self._passes.update_one(
            {"_id": self._name, "version": state["version"]},
            [
                {
                    "$set": {
                        "version": step.version,
                        "owner": {"$literal": self._owner},
                        "lease_expires_at": after(self._lease_seconds),
                        "phase": step.phase,
                        "started_at": began,
                        "not_before": after(self._step_seconds),
                    }
                }
            ],
        )
        return step if taken.modified_count else self._step_seconds

    def advance(
        self,
        step: Step,
        phase: str,
        cursor: str | None,
        *,
        requests: int = 1,
        counts: Mapping[str, Any] | None = None,
    ) -> None:
        """The step is done, and took so many requests: the next one begins there, after the time for all of them, and
        gets `counts`.
        """
        further = round(self._step_seconds * max(requests - 1, 0) * 1000)
        not_before = {"$dateAdd": {"startDate": "$not_before", "unit": "millisecond", "amount": further}}
        changes = {"phase": phase, "cursor": {"$literal": cursor}, "failures": 0, "not_before": not_before}
        self._write(step, {**changes, "counts": {"$literal": dict(counts or {})}})

    def finish(self, step: Step) -> bool:
        """The step was the last one: the next pass begins an interval from now, led by whoever comes first. False if
        another worker took over meanwhile: then it goes on.
        """
        return self._write(step, {**_AT_THE_START, "owner": None, "finished_at": "$$NOW"})

    def wait(self, step: Step, seconds: float) -> None:
        """The step was not taken: the same one is to be taken later."""
        self._write(step, {"not_before": after(seconds)})

    def fail(self, step: Step, seconds: float | None) -> None:
        """The step came to nothing: the same one is to be taken after a while that doubles from failure to failure, and
        is no shorter than `seconds`. After many failures the pass begins anew.
        """
        if step.failures + 1 >= _MAX_FAILURES:
            self._write(step, {**_AT_THE_START, "finished_at": None})
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
        nothing = ("owner", "lease_expires_at", "started_at", "finished_at")
        first = {**dict.fromkeys(nothing), **_AT_THE_START, "version": 0, "not_before": after(delay)}
        try:
            self._passes.update_one(
                {"_id": self._name},
                [{"$set": {name: {"$ifNull": [f"${name}", value]} for name, value in first.items()}}],
                upsert=True,
            )
        except DuplicateKeyError:
            return  # another worker made it

    def _write(self, step: Step, changes: dict[str, Any]) -> bool:
        written = self._passes.update_one({"_id": self._name, "version": step.version}, [{"$set": changes}])
        return bool(written.matched_count)
