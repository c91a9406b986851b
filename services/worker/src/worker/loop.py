"""The worker's loop: claim a job, run it in a child, store what it found, end it; then the next."""

import os
import random
import socket
import time
import uuid
from pathlib import Path

import structlog
from libcommon.errors import CodedError, Fault
from libqueue.model import Claim, JobKey, LeaseLostError, Outcome
from libqueue.upkeep import Upkeep
from pymongo.errors import ConnectionFailure, PyMongoError

from worker.execution import Crash, Executor, StopAskedError
from worker.jobs import JOB_TYPES, Job
from worker.jobs.base import Stores, SupersededError
from worker.settings import WorkerSettings
from worker.stopping import Stopping

# An idle worker looks for work this often: a claim that finds nothing is one small read.
_IDLE_SECONDS = 0.1
_TROUBLE_SECONDS = 1.0
_BACKOFF_SECONDS = 2.0
_MAX_BACKOFF_SECONDS = 600.0

log = structlog.get_logger()


class Worker:
    """Does the jobs of one type until it is asked to stop."""

    def __init__(
        self,
        type_: str,
        stores: Stores,
        upkeep: Upkeep,
        executor: Executor,
        stopping: Stopping,
        settings: WorkerSettings,
    ) -> None:
        self._type = type_
        self._stores = stores
        self._queue = stores.queue
        self._upkeep = upkeep
        self._executor = executor
        self._stopping = stopping
        self._settings = settings
        self._owner = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
        self._lease_ends = 0.0

    def run(self) -> None:
        """Returns when asked to stop, with no job held."""
        while not self._stopping.asked:
            try:
                self._executor.prepare()
                self._upkeep.run_when_due()
                before = time.monotonic()
                claim = self._queue.claim(self._type, self._owner)
            except PyMongoError as error:
                log.warning("mongo is in trouble", action="claim", error=type(error).__name__)
                self._stopping.wait(_TROUBLE_SECONDS)
                continue
            if claim is None:
                self._stopping.wait(_IDLE_SECONDS * random.uniform(0.8, 1.2))
                continue
            self._lease_ends = before + self._settings.lease_seconds
            self._work(claim)

    def _work(self, claim: Claim) -> None:
        started = time.monotonic()
        try:
            outcome, code = self._attempt(claim)
        except StopAskedError:
            outcome, code = "handed back", None
            self._hand_back(claim)
        except LeaseLostError:
            outcome, code = "lease lost", None
        except PyMongoError as error:
            # Nothing can be said of the job now; when its lease isn't over by the time Mongo is back, hand it back.
            outcome, code = "mongo is in trouble", type(error).__name__
            self._hand_back(claim)
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
            seconds=round(time.monotonic() - started, 3),
        )

    def _attempt(self, claim: Claim) -> tuple[str, str | None]:
        try:
            return self._try(claim)
        except SupersededError:
            return self._finish(claim, Outcome.SUPERSEDED)

    def _try(self, claim: Claim) -> tuple[str, str | None]:
        record = self._stores.records.raise_fence(claim.key.dataset)
        # After the fence: whoever takes the job over from now on has a higher one.
        self._beat(claim)
        job = JOB_TYPES[self._type](claim.key, record, self._stores, self._settings)
        if not job.is_needed():
            return self._finish(claim, Outcome.SUPERSEDED)
        if claim.lost_leases >= self._settings.max_lost_leases:
            message = f"The job lost {claim.lost_leases} workers and is not tried again until the dataset changes."
            return self._end_with(claim, job, CodedError("JobManagerCrashedError", message), Outcome.DEAD)
        try:
            staging = job.stage(f"{claim.job_id}-{claim.attempt}")
            try:
                return self._run(claim, job, staging)
            finally:
                self._stores.staging.empty()
        except OSError as error:
            log.error("the disk is in trouble", action="store", error=str(error))
            return self._fail(claim, job, CodedError("DiskError", "The server could not write to its disk."))
        except (LeaseLostError, StopAskedError, SupersededError, ConnectionFailure):
            raise
        except Exception:
            log.exception("a bug", action="store", type=claim.key.type, dataset=claim.key.dataset)
            message = "The server met a bug of its own on this dataset; its operator finds it in the log."
            return self._fail(claim, job, CodedError("UnexpectedError", message))

    def _run(self, claim: Claim, job: Job, staging: Path | None) -> tuple[str, str | None]:
        ran = self._executor.run(
            self._type, job.request(staging), staging=staging, beat=lambda: self._beat_unless_mongo_is_down(claim)
        )
        # Between the end of the child and the write, a stopped process may have lost its lease.
        self._beat(claim)
        if isinstance(ran, Crash):
            return self._crash(claim, job, CodedError(ran.code, ran.message))
        if "revision_gone" in ran.message:
            self._queue.add(JobKey("datasets", claim.key.dataset))
            return self._finish(claim, Outcome.SUPERSEDED)
        if ran.error is not None:
            return self._fail(claim, job, ran.error)
        code = job.store(ran, staging)
        return self._finish(claim, Outcome.FAILED if code else Outcome.DONE, code)

    def _fail(self, claim: Claim, job: Job, error: CodedError) -> tuple[str, str | None]:
        if error.entry.fault is Fault.DATA:
            return self._end_with(claim, job, error, Outcome.FAILED)
        if claim.failures + 1 >= self._settings.max_attempts:
            return self._end_with(claim, job, error, Outcome.DEAD)
        delay = max(_backoff(claim.failures), error.retry_after or 0.0)
        self._queue.retry(claim, delay_seconds=delay, failed=True)
        return "retried", error.code

    def _crash(self, claim: Claim, job: Job, error: CodedError) -> tuple[str, str | None]:
        if claim.crashes + 1 >= self._settings.max_crashes:
            return self._end_with(claim, job, error, Outcome.DEAD)
        self._queue.retry(claim, delay_seconds=_backoff(claim.crashes), crashed=True)
        return "crashed", error.code

    def _end_with(self, claim: Claim, job: Job, error: CodedError, outcome: Outcome) -> tuple[str, str | None]:
        job.store_error(error)
        return self._finish(claim, outcome, error.code)

    def _finish(self, claim: Claim, outcome: Outcome, code: str | None = None) -> tuple[str, str | None]:
        self._queue.finish(claim, outcome, code=code)
        return outcome.value, code

    def _beat(self, claim: Claim) -> None:
        before = time.monotonic()
        self._queue.beat(claim)
        self._lease_ends = before + self._settings.lease_seconds

    def _beat_unless_mongo_is_down(self, claim: Claim) -> float:
        """Beats, and returns the seconds until the next time; a job whose lease may be over by now is given up."""
        try:
            self._beat(claim)
        except PyMongoError:
            if time.monotonic() > self._lease_ends:
                raise LeaseLostError from None
            return min(_TROUBLE_SECONDS, self._settings.lease_seconds / 3)
        return self._settings.lease_seconds / 3

    def _hand_back(self, claim: Claim) -> None:
        while True:
            try:
                self._queue.release(claim)
                return
            except LeaseLostError:
                return
            except PyMongoError:
                if self._stopping.asked or time.monotonic() > self._lease_ends:
                    return
                self._stopping.wait(_TROUBLE_SECONDS)


def _backoff(times: int) -> float:
    """Seconds until the next try: doubling, with jitter so that what failed together isn't tried together."""
    return min(_BACKOFF_SECONDS * 2.0**times, _MAX_BACKOFF_SECONDS) * random.uniform(0.75, 1.25)
