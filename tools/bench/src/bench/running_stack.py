"""The whole system on free ports with a data directory of its own, for the time of a benchmark."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
from stack.mongo import free_port

_START_SECONDS = 120.0
_STOP_SECONDS = 60.0


@dataclass(frozen=True)
class RunningStack:
    """Where the parts of it are."""

    api: str
    hub: str
    data: Path


@contextmanager
def running_stack() -> Iterator[RunningStack]:
    """Starts the system with no dataset in it and stops it again.

    Raises:
        RuntimeError: it does not come up; the message is what it printed.
    """
    with tempfile.TemporaryDirectory() as directory:
        data = Path(directory)
        (data / "datasets").mkdir()
        port, hub_port = free_port(), free_port()
        environment = os.environ | {"PORT": str(port), "HUB_PORT": str(hub_port), "DATA_DIRECTORY": str(data)}
        output = data / "output"
        with output.open("wb") as file:
            process = subprocess.Popen([sys.executable, "-m", "stack"], env=environment, stdout=file, stderr=file)
        stack = RunningStack(f"http://127.0.0.1:{port}", f"http://127.0.0.1:{hub_port}", data)
        try:
            _wait_until_ready(stack.api, process, output)
            yield stack
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(_STOP_SECONDS)


def _wait_until_ready(api: str, process: subprocess.Popen[bytes], output: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            if httpx2.get(f"{api}/ready").status_code == 200:
                return
        except httpx2.TransportError:
            pass
        time.sleep(0.1)
    raise RuntimeError(output.read_text())
