"""What a worker does now, and whether its loop still turns: kept by the loop, asked for by other threads."""

import time
from typing import Any

import structlog
from libqueue.model import Claim
from pymongo.errors import PyMongoError

from worker.metrics import Metrics
from worker.stopping import Stopping

log = structlog.get_logger()


class Vitals:
    """The signs of life of a worker, and its metrics.

    The loop gives a sign with each call of Mongo and, while a job's processes run, several a second. The longest it
    may go without is `patience_seconds`: then it hangs.
    """

    def __init__(self, type_: str, stopping: Stopping, patience_seconds: float) -> None:
        self.metrics = Metrics(type_)
        self._type = type_
        self._stopping = stopping
        self._patience_seconds = patience_seconds
        self._seen_at = time.monotonic()
        self._state = "starting"
        # One value, so that another thread never sees a half of it.
        self._job: tuple[Claim, float] | None = None

    def alive(self) -> None:
        """A sign of life."""
        self._seen_at = time.monotonic()

    def idle(self) -> None:
        """A claim found no job."""
        self.alive()
        self._state = "idle"
        self.metrics.found_nothing()

    def mongo_trouble(self, action: str, error: PyMongoError) -> None:
        """A call of Mongo failed, at `action`."""
        self.alive()
        log.warning("mongo is in trouble", action=action, error=type(error).__name__)
        self.metrics.had_trouble()

    def begun(self, claim: Claim) -> None:
        """A job was claimed."""
        self.alive()
        self._job = (claim, time.monotonic())
        self._state = "working"
        self.metrics.begun()

    def ended(self, outcome: str, code: str | None, peak_bytes: int | None) -> None:
        """The attempt at the claimed job is over."""
        assert self._job is not None, "begun() comes first"
        self.alive()
        claim, since = self._job
        seconds = time.monotonic() - since
        self._state = "idle"
        self._job = None
        self.metrics.ended(outcome, code, seconds, peak_bytes)
        log.info(
            "job",
            action="end",
            type=claim.key.type,
            dataset=claim.key.dataset,
            config=claim.key.config,
            split=claim.key.split,
            attempt=claim.attempt,
            outcome=outcome,
            code=code,
            seconds=round(seconds, 3),
            peak_memory_bytes=peak_bytes,
        )

    def report(self) -> tuple[bool, dict[str, Any]]:
        """Whether the loop turns, and what the worker does, as JSON.

        It names no dataset: whoever reaches the port may read it, and a dataset may be private.
        """
        now = time.monotonic()
        silent = now - self._seen_at
        turns = silent <= self._patience_seconds
        report: dict[str, Any] = {
            "status": "ok" if turns else "hangs",
            "type": self._type,
            "state": "stopping" if self._stopping.asked else self._state,
            "job": None,
        }
        if not turns:
            report["error"] = (
                f"The loop has given no sign of life for {silent:.0f} s; {self._patience_seconds:.0f} s is the longest."
            )
        job = self._job
        if job is not None:
            claim, since = job
            report["job"] = {
                "type": claim.key.type,
                "attempt": claim.attempt,
                "seconds": round(now - since, 3),
            }
        return turns, report
