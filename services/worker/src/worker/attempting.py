"""One attempt at a job: run it in a child, store what it found, end it in the queue."""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import structlog
from libcache.usage import QuotaError
from libcommon.errors import CodedError, Fault
from libqueue.model import Claim, JobKey, LeaseLostError, Outcome, Setback
from pymongo.errors import PyMongoError, WriteError

from worker.execution import Crash, Executor, StopAskedError
from worker.jobs import JOB_TYPES, Job
from worker.jobs.base import Stores, SupersededError
from worker.lease import Lease
from worker.settings import WorkerSettings
from worker.stopping import Stopping

_BACKOFF_SECONDS = 2.0
_MAX_BACKOFF_SECONDS = 600.0
# A Hub may ask for any delay, even one that would never end.
_MAX_RETRY_AFTER_SECONDS = 3_600.0

_DISK = "The server could not write to its disk."
_QUOTA = "The server's assets quota is used up: its operator has to make room, or raise it."

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class End:
    """How an attempt ended, in the words of the log and the metrics."""

    outcome: str
    code: str | None = None


class Attempt:
    """An attempt at a claimed job, and what is measured of it: the most memory of its processes and what they asked the
    Hub, once there were some; and the time from the event to its answer, if that is the first after it.
    """

    def __init__(
        self,
        claim: Claim,
        lease: Lease,
        stores: Stores,
        executor: Executor,
        stopping: Stopping,
        settings: WorkerSettings,
    ) -> None:
        self.peak_bytes: int | None = None
        self.hub_requests: Mapping[str, int] = {}
        self.preview_seconds: float | None = None
        self._claim = claim
        self._lease = lease
        self._stores = stores
        self._queue = stores.queue
        self._executor = executor
        self._stopping = stopping
        self._settings = settings

    def run(self) -> End:
        """Does the job; when this returns, it is not held any more.

        Raises:
            LeaseLostError: another worker has the job or may have it, or it was cancelled.
            StopAskedError: the worker has to stop before the job ended.
            pymongo.errors.PyMongoError: Mongo can't be asked.
        """
        try:
            return self._try()
        except SupersededError:
            return self._finish(Outcome.SUPERSEDED)

    def _try(self) -> End:
        key = self._claim.key
        record = self._stores.records.raise_fence(key.dataset)
        # After the fence: whoever takes the job over from now on has a higher one.
        self._lease.beat()
        if record.is_blocked:
            return self._finish(Outcome.SUPERSEDED)
        job = JOB_TYPES[key.type](self._claim, record, self._stores, self._settings, self._keep)
        if not job.is_needed():
            return self._finish(Outcome.SUPERSEDED)
        lost = self._claim.setbacks.lost_leases
        if lost >= self._settings.max_lost_leases:
            message = f"The job lost {lost} workers and is not tried again until the dataset changes."
            return self._end_with(job, CodedError("JobManagerCrashedError", message), Outcome.DEAD)
        try:
            staging = job.stage(str(self._claim.token))
            try:
                return self._run(job, staging)
            finally:
                self._stores.staging.empty()
        except OSError as error:
            log.error("the disk is in trouble", action="store", error=str(error))
            return self._fail(job, CodedError("DiskError", _QUOTA if isinstance(error, QuotaError) else _DISK))
        except WriteError:
            # What the server does not take, such as too large a document: Mongo is well, and would say so each time.
            return self._fail_by_bug(job)
        except (LeaseLostError, StopAskedError, SupersededError, PyMongoError):
            raise
        except Exception:
            return self._fail_by_bug(job)

    def _keep(self) -> None:
        # What is stored slowly, such as files in a bucket, is not to keep a worker from ending.
        if self._stopping.drained:
            raise StopAskedError
        self._lease.keep()

    def _fail_by_bug(self, job: Job) -> End:
        log.exception("a bug", action="store", type=job.key.type, dataset=job.key.dataset)
        message = "The server met a bug of its own on this dataset; its operator finds it in the log."
        return self._fail(job, CodedError("UnexpectedError", message))

    def _run(self, job: Job, staging: Path | None) -> End:
        ran = self._executor.run(self._claim.key.type, job.request(staging), staging=staging, lease=self._lease)
        self.peak_bytes, self.hub_requests = ran.peak_bytes, ran.hub_requests
        # Between the end of the child and the write, a stopped process may have lost its lease.
        self._lease.beat()
        if isinstance(ran.outcome, Crash):
            return self._crash(job, ran.outcome)
        if "revision_gone" in ran.outcome.message:
            self._queue.add(JobKey("datasets", self._claim.key.dataset), payload=self._claim.payload)
            return self._finish(Outcome.SUPERSEDED)
        if ran.outcome.error is not None:
            return self._fail(job, ran.outcome.error)
        code = job.store(ran.outcome, staging)
        self._measure(job)
        return self._finish(Outcome.FAILED if code else Outcome.DONE, code)

    def _fail(self, job: Job, error: CodedError) -> End:
        if error.entry.fault is Fault.DATA:
            end = self._end_with(job, error, Outcome.FAILED)
            self._measure(job)
            return end
        failures = self._claim.setbacks.failures
        if failures + 1 >= self._settings.max_attempts:
            return self._end_with(job, error, Outcome.DEAD)
        wanted = min(error.retry_after or 0.0, _MAX_RETRY_AFTER_SECONDS)
        self._queue.retry(self._claim, delay_seconds=max(_backoff(failures), wanted), setback=Setback.FAILURE)
        return End("retried", error.code)

    def _crash(self, job: Job, crash: Crash) -> End:
        deaths = self._claim.setbacks.child_deaths
        if deaths + 1 >= self._settings.max_crashes:
            return self._end_with(job, CodedError(crash.code, crash.message), Outcome.DEAD)
        self._queue.retry(self._claim, delay_seconds=_backoff(deaths), setback=crash.setback)
        return End(crash.setback.name.lower(), crash.code)

    def _end_with(self, job: Job, error: CodedError, outcome: Outcome) -> End:
        job.store_error(error)
        return self._finish(outcome, error.code, error.message)

    def _measure(self, job: Job) -> None:
        if job.event_at is not None:
            self.preview_seconds = self._queue.seconds_since(job.event_at)

    def _finish(self, outcome: Outcome, code: str | None = None, message: str | None = None) -> End:
        self._queue.finish(self._claim, outcome, code=code, message=message, peak_memory_bytes=self.peak_bytes)
        return End(outcome.value, code)


def _backoff(times: int) -> float:
    """Seconds until the next try: doubling, with jitter so that what failed together isn't tried together."""
    return min(_BACKOFF_SECONDS * 2.0**times, _MAX_BACKOFF_SECONDS) * random.uniform(0.75, 1.25)
