"""Asking the Hub outside of any job: in a child, since only children have the token and the network."""

import time
from typing import Any

from libcommon.errors import CodedError
from libqueue.model import LeaseLostError

from worker.execution import Crash, Executor, StopAskedError
from worker.stopping import Stopping
from worker.vitals import Vitals

# Enough for a few requests that each take as long as a request may; only a Hub that trickles bytes needs more.
CHILD_SECONDS = 30.0


class Asking:
    """Children that ask the Hub at `endpoint` with the worker's token, each for `child_seconds` at most."""

    def __init__(
        self,
        executor: Executor,
        vitals: Vitals,
        stopping: Stopping,
        *,
        endpoint: str,
        token: str | None,
        child_seconds: float = CHILD_SECONDS,
    ) -> None:
        self._executor = executor
        self._vitals = vitals
        self._stopping = stopping
        self._hub = {"endpoint": endpoint, "token": token}
        self._child_seconds = child_seconds

    def ask(self, role: str, **request: Any) -> dict[str, Any]:
        """What a child of this role found.

        Raises:
            CodedError: the Hub is in trouble or too slow, or the child came to grief.
            StopAskedError: the worker was asked to stop: nothing is lost by that, so the child gets no time to end.
        """
        time_ = _Time(self._vitals, self._stopping, self._child_seconds)
        try:
            run = self._executor.run(role, {**self._hub, **request}, staging=None, lease=time_)
        except LeaseLostError as error:
            raise CodedError("HfHubError", "The Hub took too long to answer.") from error
        except OSError as error:
            raise CodedError("DiskError", "The server could not prepare a process that asks the Hub.") from error
        self._vitals.metrics.asked_hub(run.hub_requests)
        ran = run.outcome
        if isinstance(ran, Crash):
            raise CodedError(ran.code, ran.message)
        if ran.error is not None:
            raise ran.error
        return ran.message


class _Time:
    """The time that a child has, which nothing extends and the wish to stop ends."""

    def __init__(self, vitals: Vitals, stopping: Stopping, seconds: float) -> None:
        self._vitals = vitals
        self._stopping = stopping
        self.ends = time.monotonic() + seconds

    @property
    def is_over(self) -> bool:
        return time.monotonic() >= self.ends

    def keep(self) -> bool:
        self._vitals.alive()
        if self._stopping.asked:
            raise StopAskedError
        if self.is_over:
            raise LeaseLostError
        return False
