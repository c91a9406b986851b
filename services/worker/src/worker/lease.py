"""A worker's hold on a job, as far as the worker itself can know of it."""

import time

from libqueue.model import Claim, LeaseLostError
from libqueue.queue import Queue
from pymongo.errors import PyMongoError

from worker.vitals import Vitals

# The worker's clock says that a lease is over this share of it before the database's does: time to end processes.
_MARGIN = 0.05
_TROUBLE_SECONDS = 1.0


class Lease:
    """Beats every third of a lease. Without a beat it is over at `ends`, by this machine's clock.

    A lease counts from before the call that began or extended it, so it never ends later here than in the database.
    """

    def __init__(self, queue: Queue, claim: Claim, vitals: Vitals, *, since: float, seconds: float) -> None:
        self._queue = queue
        self._claim = claim
        self._vitals = vitals
        self._seconds = seconds
        self._since = since
        self._due = since + seconds / 3

    @property
    def ends(self) -> float:
        """The `time.monotonic()` from which on another worker may have the job."""
        return self._since + self._seconds * (1 - _MARGIN)

    @property
    def is_over(self) -> bool:
        """Whether another worker may have the job by now."""
        return time.monotonic() >= self.ends

    def beat(self) -> None:
        """Makes it a whole lease from now.

        Raises:
            LeaseLostError: another worker has the job, or it was cancelled.
            pymongo.errors.PyMongoError: Mongo can't be asked.
        """
        before = time.monotonic()
        self._queue.beat(self._claim)
        self._since = before
        self._due = before + self._seconds / 3

    def keep(self) -> bool:
        """Beats if it is time to; returns whether it did. While Mongo is in trouble it tries until the lease is over.

        To be called several times a second while the job's processes run.

        Raises:
            LeaseLostError: another worker has the job or may have it, or it was cancelled.
        """
        self._vitals.alive()
        if self.is_over:
            raise LeaseLostError
        if time.monotonic() < self._due:
            return False
        try:
            self.beat()
        except PyMongoError as error:
            self._vitals.mongo_trouble("beat", error)
            self._due = time.monotonic() + min(_TROUBLE_SECONDS, self._seconds / 3)
            return False
        return True
