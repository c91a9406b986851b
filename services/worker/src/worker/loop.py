"""The worker's loop: claim a job, attempt it; then the next, until asked to stop."""

import time
from collections.abc import Sequence
from typing import Protocol

import pymongo
import structlog
from libqueue.model import Claim, LeaseLostError
from libqueue.upkeep import Upkeep
from libqueue.waking import Waking
from pymongo.errors import PyMongoError

from worker.attempting import Attempt, End
from worker.execution import Executor, StopAskedError
from worker.jobs.base import Stores
from worker.lease import Lease
from worker.settings import WorkerSettings
from worker.stopping import Stopping
from worker.vitals import Vitals

# An idle worker notices after so long at most that it was asked to stop.
_IDLE_SECONDS = 0.5
_TROUBLE_SECONDS = 1.0
# Each of the calls of Mongo between two jobs has so long, all its repetitions included: an idle worker that is asked to
# stop is not to sit through the timeouts of its sockets. A claim that was cut off and took effect is a lease that ends.
_CALL_SECONDS = 3.0
# What can't be let go in so short a time goes by itself: a job when its lease is over, a cursor after a while.
_LETTING_GO_SECONDS = 1.0


class Chore(Protocol):
    """What has to be done now and then, between two jobs."""

    def run_when_due(self) -> None:
        """Does a little of it if the time has come.

        Raises:
            pymongo.errors.PyMongoError: Mongo can't be asked.
        """


class Worker:
    """Does the jobs of one type until it is asked to stop."""

    def __init__(
        self,
        type_: str,
        owner: str,
        stores: Stores,
        upkeep: Upkeep,
        chores: Sequence[Chore],
        waking: Waking,
        executor: Executor,
        stopping: Stopping,
        vitals: Vitals,
        settings: WorkerSettings,
    ) -> None:
        self._type = type_
        self._stores = stores
        self._queue = stores.queue
        self._upkeep = upkeep
        self._chores = chores
        self._waking = waking
        self._executor = executor
        self._stopping = stopping
        self._vitals = vitals
        self._settings = settings
        self._owner = owner

    def run(self) -> None:
        """Returns when asked to stop, with no job held.

        Raises:
            worker.zygote.ZygoteDiedError: the process that reads data can't be started.
        """
        try:
            while not self._stopping.asked:
                self._do_chores()
                # After the chores, which may end it.
                self._executor.prepare()
                if not self._stopping.asked:
                    self._claim()
        finally:
            self._rest()

    def _do_chores(self) -> None:
        with pymongo.timeout(_CALL_SECONDS):
            is_well = self._does(self._upkeep)
        self._vitals.metrics.took_back(self._upkeep.taken_back)
        # Their time is not bounded here, so they are not begun while Mongo doesn't answer.
        for chore in self._chores if is_well else ():
            if self._stopping.asked:
                return
            self._executor.prepare()
            self._does(chore)

    def _does(self, chore: Chore) -> bool:
        """Whether the chore could be done; one that can't be must not keep the worker from its jobs."""
        try:
            chore.run_when_due()
        except PyMongoError as error:
            self._vitals.mongo_trouble(type(chore).__name__.lower(), error)
            return False
        return True

    def _claim(self) -> None:
        """Claims a job and works on it; if there is none, waits a moment for one."""
        before = time.monotonic()
        try:
            with pymongo.timeout(_CALL_SECONDS):
                claim = self._queue.claim(self._type, self._owner)
            if claim is None:
                self._vitals.idle()
                with pymongo.timeout(_CALL_SECONDS):
                    self._waking.wait(_IDLE_SECONDS)
                return
        except PyMongoError as error:
            self._vitals.mongo_trouble("claim", error)
            self._stopping.wait(_TROUBLE_SECONDS)
            return
        self._rest()
        self._work(claim, before)

    def _rest(self) -> None:
        with pymongo.timeout(_LETTING_GO_SECONDS):
            self._waking.rest()

    def _work(self, claim: Claim, since: float) -> None:
        # So the log can be searched for what came of a request or of a webhook.
        with structlog.contextvars.bound_contextvars(**claim.payload):
            self._attempt(claim, since)

    def _attempt(self, claim: Claim, since: float) -> None:
        self._vitals.begun(claim)
        lease = Lease(self._queue, claim, self._vitals, since=since, seconds=self._settings.lease_seconds)
        attempt = Attempt(claim, lease, self._stores, self._executor, self._stopping, self._settings)
        try:
            end = attempt.run()
        except StopAskedError:
            end = End("handed_back")
            self._hand_back(claim, lease)
        except LeaseLostError:
            end = End("lease_lost")
            self._vitals.metrics.lost_lease()
        except PyMongoError as error:
            # Nothing can be said of the job now; when its lease isn't over by the time Mongo is back, hand it back.
            end = End("mongo_trouble", type(error).__name__)
            self._vitals.mongo_trouble("job", error)
            self._hand_back(claim, lease)
            # It may be this worker's next job, too, and the trouble a lasting one.
            self._stopping.wait(_TROUBLE_SECONDS)
        self._vitals.metrics.asked_hub(attempt.hub_requests)
        if attempt.preview_seconds is not None:
            self._vitals.metrics.previewed(claim.priority.name.lower(), attempt.preview_seconds)
        self._vitals.ended(end.outcome, end.code, attempt.peak_bytes)

    def _hand_back(self, claim: Claim, lease: Lease) -> None:
        while True:
            try:
                with pymongo.timeout(_LETTING_GO_SECONDS):
                    self._queue.release(claim)
                return
            except LeaseLostError:
                return
            except PyMongoError as error:
                self._vitals.mongo_trouble("hand back", error)
                if self._stopping.asked or lease.is_over:
                    return
                self._stopping.wait(_TROUBLE_SECONDS)
