"""Starts programs in order, starts again what ends, and stops them in the reverse order. One thread, one loop."""

import os
import selectors
import signal
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType

from stack.child import Child, Program
from stack.errors import StackError
from stack.logs import Console, Output

READY_SECONDS = 60.0
SAME_SIGNAL_SECONDS = 1.0
"""make and the terminal may both send it: what comes within this time of the first is the first again."""
LONGEST_TURN_SECONDS = 1.0
PROBE_SECONDS = 0.05


class Supervisor:
    """Runs `stages` one after the other; the programs of a stage start and stop together."""

    def __init__(self, stages: Sequence[Sequence[Program]], logs_directory: Path, console: Console) -> None:
        self._stages = [[Child(program, logs_directory, console) for program in stage] for stage in stages]
        self._children = [child for stage in self._stages for child in stage]
        self._console = console
        self._selector = selectors.DefaultSelector()
        self._stop_asked_at: float | None = None
        self._hurry = False
        self._starting = True

    def run(self, announcement: str) -> None:
        """Returns after SIGTERM, SIGINT or SIGHUP, when everything is stopped. Call it from the main thread.

        `announcement` is printed once all is ready. A second signal, later than a second after the first, kills what
        still runs. Raises `StackError` when a program does not become ready; nothing runs any more then.
        """
        reading, writing = os.pipe()
        os.set_blocking(reading, False)
        os.set_blocking(writing, False)
        self._selector.register(reading, selectors.EVENT_READ, lambda: os.read(reading, 4096))
        signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda _signal, _frame: None)  # to wake the loop
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # nohup
                signal.signal(number, self._asked_to_stop)
        try:
            for stage in self._stages:
                self._start(stage)
            self._starting = False
            if self._stop_asked_at is None:
                self._console.say(announcement)
            self._turn_until(lambda: self._stop_asked_at is not None)
        finally:
            self._stop()

    def _asked_to_stop(self, _signal: int, _frame: FrameType | None) -> None:
        now = time.monotonic()
        if self._stop_asked_at is None:
            self._stop_asked_at = now
        elif now - self._stop_asked_at >= SAME_SIGNAL_SECONDS:
            self._hurry = True

    def _start(self, stage: Sequence[Child]) -> None:
        for child in stage:
            if self._stop_asked_at is None:
                self._console.say(f"stack | starting {child.program.name}")
                self._launch(child)
        for child in stage:
            ready = child.program.ready
            if ready is not None:
                self._wait_until_ready(child, ready)

    def _wait_until_ready(self, child: Child, ready: Callable[[], bool]) -> None:
        def settled() -> bool:
            child.came_up = child.running and ready()
            return child.came_up or not child.running or self._stop_asked_at is not None

        self._turn_until(settled, READY_SECONDS, PROBE_SECONDS)
        if self._stop_asked_at is None and not child.came_up:
            what = f"is not ready after {READY_SECONDS:.0f} s" if child.running else "ended before it was ready"
            raise self._failed(child, what)

    def _failed(self, child: Child, what: str) -> StackError:
        self._copy_outputs(0)
        last = child.log.last_line()
        return StackError(f"{child.program.name} {what}; see {child.log.path}{f': {last}' if last else ''}")

    def _launch(self, child: Child) -> None:
        output = child.start()
        if output is not None:
            self._selector.register(output.descriptor, selectors.EVENT_READ, lambda: self._copy(output))

    def _copy(self, output: Output) -> None:
        if not output.copy():
            self._selector.unregister(output.descriptor)
            os.close(output.descriptor)

    def _turn_until(
        self, condition: Callable[[], bool], seconds: float = float("inf"), turn: float = LONGEST_TURN_SECONDS
    ) -> bool:
        """Tend the children until `condition` holds, for at most `seconds`; whether it holds."""
        deadline = time.monotonic() + seconds
        while not condition():
            now = time.monotonic()
            if now >= deadline:
                return False
            dues = [child.due - now for child in self._children if child.due is not None]
            self._copy_outputs(max(0.0, min([turn, deadline - now, *dues])))
            if self._stop_asked_at is None:
                self._tend()
        return True

    def _tend(self) -> None:
        for child in self._children:
            child.tend()
            if self._starting and child.refused:
                raise self._failed(child, "refuses its settings")
            if child.due is not None and child.due <= time.monotonic():
                self._launch(child)

    def _copy_outputs(self, seconds: float) -> None:
        for key, _ in self._selector.select(seconds):
            key.data()

    def _stop(self) -> None:
        self._stop_asked_at = self._stop_asked_at or time.monotonic()  # from here on nothing is started again
        try:
            for stage in reversed(self._stages):
                self._stop_stage([child for child in stage if child.running])
        finally:
            for child in self._children:
                child.kill()
                child.log.close()

    def _stop_stage(self, stage: Sequence[Child]) -> None:
        if not stage:
            return
        self._console.say(f"stack | stopping {', '.join(child.program.name for child in stage)}")
        for child in stage:
            child.terminate()
        remaining = list(stage)

        def settled() -> bool:
            remaining[:] = [child for child in remaining if not child.ended()]
            return not remaining or self._hurry

        self._turn_until(settled, max(child.program.grace_seconds for child in stage))
        for child in remaining:
            self._console.say(f"stack | killing {child.program.name}")
            child.kill()
        self._copy_outputs(0)
