"""Asked to stop: a flag that wakes whoever waits."""

import select
import signal
import socket
from types import FrameType


class Stopping:
    """Set by SIGTERM and SIGINT. `fileno()` becomes readable then, for selectors."""

    def __init__(self) -> None:
        self._woken, self._waker = socket.socketpair()
        self.asked = False
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._ask)

    def fileno(self) -> int:
        return self._woken.fileno()

    def wait(self, seconds: float) -> None:
        """Waits so long, or until asked to stop."""
        if not self.asked:
            select.select([self._woken], [], [], seconds)

    def _ask(self, _number: int, _frame: FrameType | None) -> None:
        if not self.asked:
            self.asked = True
            self._waker.send(b"!")
