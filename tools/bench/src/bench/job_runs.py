"""The jobs of a running stack, as its queue tells of them, and a pause of those that read rows."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from libcommon.mongo import disconnect
from libqueue.inspection import Inspection, RunView
from libqueue.model import JobKey, Limits, Outcome, Setbacks, Status
from libqueue.pauses import Scope
from libqueue.queue import Queue
from libqueue.schema import ALIAS, open_queue_database

from bench.errors import BenchError
from bench.running_stack import RunningStack

_LIMIT_SECONDS = 900.0
_POLL_SECONDS = 0.1
# Workers know of a pause after a second.
_PAUSE_SECONDS = 1.2
_MOST_SPLITS = 10_000
_LOG_LINES = 5


class JobRuns:
    """Watches the jobs of a stack whose queue nobody else adds to."""

    def __init__(self, inspection: Inspection, queue: Queue, logs: Path) -> None:
        self._inspection = inspection
        self._queue = queue
        self._logs = logs

    def hold_splits(self) -> None:
        """Returns when no `splits` job starts any more."""
        self._queue.pause(Scope.TYPE, "splits")
        time.sleep(_PAUSE_SECONDS)

    def start_splits(self) -> None:
        """Ends the pause."""
        self._queue.resume(Scope.TYPE, "splits")

    def held_splits(self, dataset: str) -> list[JobKey]:
        """The `splits` jobs of a dataset, in the order in which they will run.

        Raises:
            BenchError: one has begun.
        """
        jobs = self._inspection.jobs(limit=_MOST_SPLITS, type_="splits", dataset=dataset)
        if any(job.status is Status.RUNNING for job in jobs):
            raise BenchError(f"a splits job of {dataset} began while they were paused")
        return [JobKey(job.type, job.dataset, job.config, job.split) for job in jobs]

    def ended(self, key: JobKey) -> RunView:
        """The one run of a job, once it has ended.

        Raises:
            BenchError: it ended without a result, had to run again, or takes too long.
        """
        history = self._history(key, 1)
        if len(history) > 1:
            raise BenchError(f"the {_named(key)} ran {len(history)} times")
        run = history[0]
        if run.outcome != Outcome.DONE:
            raise BenchError(f"the {_named(key)} ended as {run.outcome} with {run.code}.{self._log_of(key)}")
        return run

    def ended_again(self, key: JobKey) -> None:
        """Returns when a second run of a job has ended, however it did.

        Raises:
            BenchError: it is set back, or takes too long.
        """
        self._history(key, 2)

    def _history(self, key: JobKey, runs: int) -> list[RunView]:
        deadline = time.monotonic() + _LIMIT_SECONDS
        while True:
            view = self._inspection.job(key)
            if view is not None:
                if view.job is not None and view.job.setbacks != Setbacks():
                    what = ", ".join(name for name, times in asdict(view.job.setbacks).items() if times)
                    raise BenchError(f"the {_named(key)} has to run again: {what}.{self._log_of(key)}")
                if len(view.history) >= runs:
                    return view.history
            if time.monotonic() > deadline:
                raise BenchError(f"the {_named(key)} did not end in {_LIMIT_SECONDS:.0f} s.{self._log_of(key)}")
            time.sleep(_POLL_SECONDS)

    def _log_of(self, key: JobKey) -> str:
        lines = (self._logs / f"worker-{key.type}-1.log").read_text().splitlines()
        return "\n".join((" The end of its worker's log:", *lines[-_LOG_LINES:]))


@contextmanager
def job_runs(stack: RunningStack) -> Iterator[JobRuns]:
    """Connects to the queue of a stack with one worker of each kind."""
    database = open_queue_database(stack.mongo_url, stack.queue_database)
    try:
        yield JobRuns(Inspection(database), Queue(database, Limits()), stack.data / "logs")
    finally:
        disconnect(ALIAS)


def _named(key: JobKey) -> str:
    return " ".join((f"{key.type} job of", *filter(None, (key.dataset, key.config, key.split))))
