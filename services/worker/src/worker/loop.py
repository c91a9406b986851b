"""The worker's loop: claim a job, attempt it; then the next, until asked to stop."""

import time
from collections.abc import Sequence
from typing import Protocol

import pymongo
from libqueue.model import Claim, LeaseLostError
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
# A job that can't be handed back in so short a time is taken over when its lease is over.
_HAND_BACK_SECONDS = 1.0


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
        while not self._stopping.asked:
            self._executor.prepare()
            try:
                for chore in self._chores:
                    chore.run_when_due()
                before = time.monotonic()
                claim = self._queue.claim(self._type, self._owner)
                if claim is None:
                    self._vitals.idle()
                    self._waking.wait(_IDLE_SECONDS)
                    continue
                self._waking.rest()
            except PyMongoError as error:
                self._vitals.mongo_trouble("claim", error)
                self._stopping.wait(_TROUBLE_SECONDS)
                continue
            self._work(claim, before)

    def _work(self, claim: Claim, since: float) -> None:
        self._vitals.begun(claim)
        lease = Lease(self._queue, claim, self._vitals, since=since, seconds=self._settings.lease_seconds)
        attempt = Attempt(claim, lease, self._stores, self._executor, self._settings)
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
        self._vitals.ended(end.outcome, end.code, attempt.peak_bytes)

    def _hand_back(self, claim: Claim, lease: Lease) -> None:
        while True:
            try:
                with pymongo.timeout(_HAND_BACK_SECONDS):
                    self._queue.release(claim)
                return
            except LeaseLostError:
                return
            except PyMongoError as error:
                self._vitals.mongo_trouble("hand back", error)
                if self._stopping.asked or lease.is_over:
                    return
                self._stopping.wait(_TROUBLE_SECONDS)
