"""The whole system on free ports with a data directory of its own, for the time of a benchmark."""

import os
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import httpx2
from pymongo import MongoClient
from stack.mongo import free_port

_START_SECONDS = 120.0
_STOP_SECONDS = 60.0

ONE_OF_EACH = MappingProxyType({"WORKERS_DATASETS": "1", "WORKERS_SPLITS": "1", "RECONCILE_INTERVAL_SECONDS": "0"})
"""Settings of a system that does nothing but what it is told: one worker of each kind, no comparison with the Hub."""


@dataclass(frozen=True)
class RunningStack:
    """Where the parts of it are."""

    port: int
    hub: str
    data: Path
    mongo_url: str
    queue_database: str
    cache_database: str

    @property
    def api(self) -> str:
        """The address of its api."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def datasets(self) -> Path:
        """The folder that the Hub serves."""
        return self.data / "datasets"

    @property
    def assets(self) -> Path:
        """The folder that the workers write media files to."""
        return self.data / "assets"


@contextmanager
def running_stack(settings: Mapping[str, str] = MappingProxyType({})) -> Iterator[RunningStack]:
    """Starts the system with no dataset in it and stops it again.

    It has a Mongo of its own, or databases of its own on `MONGO_URL`. `settings` are further variables of its
    environment.

    Raises:
        RuntimeError: it does not come up; the message is what it printed.
    """
    given, prefix = os.environ.get("MONGO_URL"), f"bench_{uuid.uuid4().hex[:8]}"
    with tempfile.TemporaryDirectory() as directory:
        data = Path(directory)
        port, hub_port, mongo_port = free_port(), free_port(), free_port()
        stack = RunningStack(
            port,
            f"http://127.0.0.1:{hub_port}",
            data,
            given or f"mongodb://127.0.0.1:{mongo_port}",
            f"{prefix}_queue",
            f"{prefix}_cache",
        )
        stack.datasets.mkdir()
        environment = {
            **os.environ,
            **settings,
            "PORT": str(port),
            "HUB_PORT": str(hub_port),
            "ADMIN_PORT": "0",
            "MONGO_PORT": str(mongo_port),
            "MONGO_QUEUE_DATABASE": stack.queue_database,
            "MONGO_CACHE_DATABASE": stack.cache_database,
            "DATA_DIRECTORY": str(data),
        }
        output = data / "output"
        with output.open("wb") as file:
            process = subprocess.Popen([sys.executable, "-m", "stack"], env=environment, stdout=file, stderr=file)
        try:
            _wait_until_ready(stack.api, process, output)
            yield stack
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(_STOP_SECONDS)
            if given:
                _drop(given, prefix)


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


def _drop(url: str, prefix: str) -> None:
    with MongoClient[dict[str, Any]](url) as client:
        for name in client.list_database_names():
            if name.startswith(prefix):
                client.drop_database(name)
