"""A real supervisor, in a process of its own, over small real programs."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from stack.spawn import wait_until

LIMIT_SECONDS = 15.0

SUPERVISE = """
import json, os, sys
from pathlib import Path
from stack.child import Program
from stack.errors import StackError
from stack.logs import Console
from stack.supervisor import Supervisor

def program(name, code, ready=None, grace=10.0):
    probe = None if ready is None else Path(ready).exists
    return Program(name, [sys.executable, "-c", code], os.environ, probe, grace)

stages = [[program(**each) for each in stage] for stage in json.loads(Path("stages.json").read_text())]
console = Console()
try:
    Supervisor(stages, Path("logs"), console).run("all is up")
except StackError as error:
    console.close()
    sys.exit(str(error))
console.close()
"""


class Supervised:
    """A running supervisor: its folder, its process, what it printed."""

    def __init__(
        self,
        directory: Path,
        stages: Sequence[Sequence[dict[str, object]]],
        command: Sequence[str] = (sys.executable, "supervise.py"),
        stdout: int | None = None,
    ) -> None:
        self.directory = directory
        (directory / "stages.json").write_text(json.dumps(stages))
        (directory / "supervise.py").write_text(SUPERVISE)
        (directory / "Makefile").write_text(f"start:\n\t@exec {sys.executable} supervise.py\n")
        with (directory / "printed").open("wb") as printed:
            self.process = subprocess.Popen(command, cwd=directory, stdout=stdout or printed, stderr=printed)

    @property
    def printed(self) -> str:
        return (self.directory / "printed").read_text()

    def wait_for(self, condition: Callable[[], object]) -> None:
        assert wait_until(lambda: bool(condition()), LIMIT_SECONDS), self.printed

    def wait_for_line(self, text: str) -> None:
        self.wait_for(lambda: text in self.printed)

    def lines_of(self, file: str) -> list[str]:
        """What the programs wrote to a file in the folder."""
        path = self.directory / file
        return path.read_text().splitlines() if path.exists() else []

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(LIMIT_SECONDS)

    def close(self) -> None:
        """Leave nothing behind, also where the test failed because the supervisor did not stop."""
        self.process.kill()
        self.process.wait()
        for pid in map(int, self.lines_of("pids")):
            if exists(pid):
                os.kill(pid, signal.SIGKILL)


@pytest.fixture
def supervise(tmp_path: Path) -> Iterator[Callable[..., Supervised]]:
    """Start a supervisor over stages of programs; it is stopped at the end of the test."""
    running: list[Supervised] = []

    def start(*stages: list[dict[str, object]], **how: Any) -> Supervised:
        running.append(Supervised(tmp_path, stages, **how))
        return running[-1]

    yield start
    for each in running:
        each.close()


def exists(pid: int) -> bool:
    """Whether a process runs; one that ended and waits for its parent does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/stat")
    return not status.exists() or status.read_text().rsplit(")", 1)[1].split()[0] != "Z"


@pytest.fixture
def is_running() -> Callable[[int], bool]:
    return exists
