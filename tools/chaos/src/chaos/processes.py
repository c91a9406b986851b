"""A program that is started again and again, and what can be done to it and to the processes below it."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from stack.spawn import kill_group, spawn, tail


@dataclass
class Program:
    """One program, one process at a time. Call its methods from the main thread."""

    kind: str
    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    logs: Path
    ready: Callable[[int], bool]
    """Whether it does its work, given its process."""
    lives: int = 0
    stopped: bool = False
    """It was sent SIGSTOP."""
    spared: bool = False
    """Somebody has plans with it: no other trouble may come to it."""
    due: float | None = None
    """When to start it again, by the monotonic clock."""
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def pid(self) -> int:
        """Its present or last process."""
        assert self._process is not None
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether its process lives; a stopped one does."""
        return self._process is not None and self._process.poll() is None

    @property
    def is_ready(self) -> bool:
        """Whether it runs and does its work."""
        return self.running and not self.stopped and self.ready(self.pid)

    @property
    def code(self) -> int | None:
        """How it ended last."""
        return self._process.poll() if self._process is not None else None

    @property
    def log(self) -> Path:
        """What its present or last process said."""
        return self.logs / f"{self.name}-{self.lives:03}.log"

    @property
    def last_words(self) -> str:
        """The end of its log."""
        return tail(self.log)

    def start(self) -> None:
        """Start it."""
        self.lives += 1
        self.stopped, self.due = False, None
        with self.log.open("ab") as log:
            self._process = spawn(self.command, environment=self.environment, output=log, orphaned=signal.SIGKILL)

    def kill(self) -> None:
        """SIGKILL, and wait for the end."""
        if self._process is not None:
            kill_group(self._process)
            self._process.wait()
        self.stopped = False

    def stop(self) -> None:
        """SIGSTOP."""
        self.stopped = True
        self._send(signal.SIGSTOP)

    def go_on(self) -> None:
        """SIGCONT."""
        self.stopped = False
        self._send(signal.SIGCONT)

    def end(self) -> None:
        """SIGTERM."""
        self._send(signal.SIGTERM)

    def start_in(self, seconds: float) -> None:
        """Have it started that much later."""
        self.due = time.monotonic() + seconds

    def _send(self, number: int) -> None:
        if self._process is not None:
            self._process.send_signal(number)


class Handle:
    """One process for sure: a number may be another's by the time a signal is sent."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    @classmethod
    def of(cls, pid: int) -> Self | None:
        """The process, if it is there."""
        try:
            return cls(os.pidfd_open(pid))
        except ProcessLookupError:
            return None

    def send(self, number: int) -> None:
        """Send a signal, to nobody when the process is gone."""
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._descriptor, number)

    def close(self) -> None:
        """Let go of it."""
        os.close(self._descriptor)


def families() -> dict[int, list[int]]:
    """The children of each process, zombies left out."""
    found: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        state, parent = _state_and_parent(stat)
        if state != "Z":
            found.setdefault(parent, []).append(int(stat.parent.name))
    return found


def is_stopped(pid: int) -> bool:
    """Whether the process was stopped by a signal."""
    return _state_and_parent(Path(f"/proc/{pid}/stat"))[0] == "T"


def _state_and_parent(stat: Path) -> tuple[str, int]:
    try:
        state, parent, *_ = stat.read_text().rsplit(")", 1)[1].split()
    except OSError:
        return "", 0
    return state, int(parent)
