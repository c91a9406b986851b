"""Asked to stop: what SIGTERM and SIGINT mean, and waits that they cut short."""

import select
import signal
import socket
import time
from types import FrameType

# Process managers signal a process and its group: what comes so soon after the first is the same wish.
_SAME_WISH_SECONDS = 1.0


class Stopping:
    """Whether to stop, and how soon.

    SIGTERM: nothing new is begun, and what runs has `drain_seconds` to end. SIGINT, or another SIGTERM that is no
    duplicate of the first: now.
    """

    def __init__(self, drain_seconds: float) -> None:
        self.asked = False
        self._drain_seconds = drain_seconds
        self._asked_at = 0.0
        self._at_once = False
        self._woken, self._waker = socket.socketpair()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._ask)

    @property
    def drained(self) -> bool:
        """Whether the time of what still runs is over."""
        return self._at_once or (self.asked and time.monotonic() >= self._asked_at + self._drain_seconds)

    def wait(self, seconds: float) -> None:
        """Waits so long, or until asked to stop."""
        if not self.asked:
            select.select([self._woken], [], [], seconds)

    def close(self) -> None:
        """From now on the signals do nothing: Python would end a process by one that comes while it exits."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)

    def _ask(self, number: int, _frame: FrameType | None) -> None:
        now = time.monotonic()
        if number == signal.SIGINT or (self.asked and now >= self._asked_at + _SAME_WISH_SECONDS):
            self._at_once = True
        if not self.asked:
            self._asked_at = now
            self.asked = True
            self._waker.send(b"!")
