"""Asking the Hub outside of any job: in a child, since only children have the token and the network."""

import time
from typing import Any

from libcommon.errors import CodedError
from libqueue.model import LeaseLostError

from worker.execution import Crash, Executor
from worker.vitals import Vitals

# A child's one request to the Hub has a limit well below this.
_SECONDS = 30.0


class Asking:
    """Children that ask the Hub at `endpoint` with the worker's token."""

    def __init__(self, executor: Executor, vitals: Vitals, *, endpoint: str, token: str | None) -> None:
        self._executor = executor
        self._vitals = vitals
        self._hub = {"endpoint": endpoint, "token": token}

    def ask(self, role: str, **request: Any) -> dict[str, Any]:
        """What a child of this role found.

        Raises:
            CodedError: the Hub is in trouble, or the child came to grief.
            LeaseLostError: the child took too long.
            StopAskedError: the worker has to stop.
        """
        ran = self._executor.run(
            role, {**self._hub, **request}, staging=None, lease=_Time(self._vitals, _SECONDS)
        ).outcome
        if isinstance(ran, Crash):
            raise CodedError(ran.code, ran.message)
        if ran.error is not None:
            raise ran.error
        return ran.message


class _Time:
    """The time that a child has, which nothing extends."""

    def __init__(self, vitals: Vitals, seconds: float) -> None:
        self._vitals = vitals
        self.ends = time.monotonic() + seconds

    @property
    def is_over(self) -> bool:
        return time.monotonic() >= self.ends

    def keep(self) -> bool:
        self._vitals.alive()
        if self.is_over:
            raise LeaseLostError
        return False
