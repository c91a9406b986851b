"""A real api in a process of its own on a free port."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO

import httpx2
from hub.testing import stop

_START_SECONDS = 20


@dataclass
class RunningApi:
    """An api at `url`; `http` asks it things as nobody."""

    url: str
    process: subprocess.Popen[bytes]
    http: httpx2.Client
    _log: IO[str]

    @property
    def port(self) -> int:
        return httpx2.URL(self.url).port or 80

    @property
    def log(self) -> str:
        """What it has written to its log so far."""
        self._log.seek(0)
        return self._log.read()

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Stop it with a signal, and give its exit code."""
        return stop(self.process, number)


def environment_of(given: Mapping[str, str]) -> dict[str, str]:
    """The environment of an api process: no setting of the one around it, but those given."""
    ours = ("HF_", "API_", "AUTH_", "MONGO_", "ASSETS_")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)} | dict(given)


@contextmanager
def running_api(settings: Mapping[str, str]) -> Iterator[RunningApi]:
    """Runs an api with these settings for the time of a `with` block.

    Raises RuntimeError with its log when it doesn't start.
    """
    environment = environment_of({"API_PORT": "0", **settings})
    # Appending, because the process shares the place in the file with whoever reads it.
    with tempfile.TemporaryFile("a+") as log, httpx2.Client(trust_env=False, timeout=30) as http:
        process = subprocess.Popen([sys.executable, "-m", "api"], stderr=log, env=environment)
        api = RunningApi("", process, http, log)
        try:
            api.url = f"http://127.0.0.1:{_port(api)}"
            http.base_url = httpx2.URL(api.url)
            yield api
        finally:
            api.stop()


def _port(api: RunningApi) -> int:
    limit = time.monotonic() + _START_SECONDS
    while api.process.poll() is None and time.monotonic() < limit:
        for line in api.log.splitlines():
            if '"action":"listening"' in line:
                return int(json.loads(line)["port"])
        time.sleep(0.02)
    raise RuntimeError(f"the api did not start: {api.log}")
