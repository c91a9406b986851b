"""A program under supervision: what it is, and the process that runs it now."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from stack.logs import Console, Output, RotatingLog
from stack.spawn import kill_group, spawn

FIRST_DELAY_SECONDS = 0.1
LONGEST_DELAY_SECONDS = 5.0
STEADY_SECONDS = 10.0
"""After so long a run, the next death is the first again."""


# The exit code of a program that finds its settings wrong.
USAGE_ERROR = 2


@dataclass(frozen=True)
class Program:
    """What to run."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    ready: Callable[[], bool] | None = None
    """Whether it does its work now; must answer within about a second. None: it is ready when it runs."""
    grace_seconds: float = 10.0
    """From `stop_signal` to SIGKILL."""
    stop_signal: signal.Signals = signal.SIGTERM
    """What makes it end what it has begun, and then itself."""


class Child:
    """Runs a `Program`, and again whenever it ended, ever later until it stayed up for a while."""

    def __init__(self, program: Program, logs_directory: Path, console: Console) -> None:
        self.program = program
        self.log = RotatingLog(logs_directory / f"{program.name}.log")
        self.came_up = False
        """It was ready once; one that never was isn't started again: there is something to repair first."""
        self.refused = False
        """It ended with `USAGE_ERROR`: the next start would end the same way."""
        self.due: float | None = None
        """When to start it again, by the monotonic clock."""
        self._console = console
        self._process: subprocess.Popen[bytes] | None = None
        self._started_at = 0.0
        self._delay = FIRST_DELAY_SECONDS

    @property
    def running(self) -> bool:
        return self._process is not None

    def start(self) -> Output | None:
        """Start it; its output, or None when it couldn't be started, which is one more way to end."""
        self.due = None
        self.came_up = self.came_up or self.program.ready is None
        self._started_at = time.monotonic()
        reading, writing = os.pipe()
        try:
            with os.fdopen(writing, "wb") as output:
                self._process = spawn(self.program.command, environment=self.program.environment, output=output)
        except OSError as error:
            os.close(reading)
            self._died(f"can't be started: {error.strerror}")
            return None
        return Output(self.program.name, reading, self.log, self._console)

    def tend(self) -> None:
        """See whether it ended: if so, end what it left behind, and set when it is due again."""
        if self._process is not None and self._process.poll() is not None:
            self.refused = self._process.returncode == USAGE_ERROR
            self._died(_ending(self._process.returncode))

    def ended(self) -> bool:
        """Whether it is gone, for one that was told to stop: it won't be due again."""
        if self._process is not None and self._process.poll() is not None:
            kill_group(self._process)
            self._process = None
        return self._process is None

    def terminate(self) -> None:
        self.due = None
        if self._process is not None:
            self._process.send_signal(self.program.stop_signal)

    def kill(self) -> None:
        """SIGKILL for it and its group, and wait for the end of it."""
        if self._process is not None:
            kill_group(self._process)
            self._process.wait()
            self._process = None

    def _died(self, how: str) -> None:
        if self._process is not None:
            kill_group(self._process)
            self._process = None
        if not self.came_up:
            return
        now = time.monotonic()
        up = now - self._started_at
        if up >= STEADY_SECONDS:
            self._delay = FIRST_DELAY_SECONDS
        self.due = now + self._delay
        self._console.say(f"stack | {self.program.name} {how} after {up:.1f} s; it starts again in {self._delay:.1f} s")
        self._delay = min(2 * self._delay, LONGEST_DELAY_SECONDS)


def _ending(code: int) -> str:
    return f"ended with code {code}" if code >= 0 else f"was ended by signal {-code} ({signal.strsignal(-code)})"
