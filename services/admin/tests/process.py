"""A real admin service in a process of its own on a free port."""

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
from typing import IO, Any

import httpx2
from hub.testing import stop

_START_SECONDS = 30


@dataclass
class RunningAdmin:
    """An admin service; `http` asks it things as nobody."""

    process: subprocess.Popen[bytes]
    http: httpx2.Client
    _log: IO[str]

    @property
    def log(self) -> list[dict[str, Any]]:
        """What it has written to its log so far."""
        self._log.seek(0)
        return [json.loads(line) for line in self._log if line.endswith("\n")]

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Stop it with a signal, and give its exit code."""
        return stop(self.process, number)


@contextmanager
def running_admin(settings: Mapping[str, str]) -> Iterator[RunningAdmin]:
    """Runs an admin service with these settings alone for the time of a `with` block.

    Raises AssertionError with its log when it doesn't start.
    """
    environment = {"PATH": os.environ["PATH"], "ADMIN_PORT": "0", **settings}
    # Appending, because the process shares the place in the file with whoever reads it.
    with tempfile.TemporaryFile("a+") as log, httpx2.Client(trust_env=False, timeout=30) as http:
        process = subprocess.Popen([sys.executable, "-m", "admin", "serve"], stderr=log, env=environment)
        admin = RunningAdmin(process, http, log)
        try:
            http.base_url = httpx2.URL(_url(admin))
            yield admin
        finally:
            admin.stop()


def _url(admin: RunningAdmin) -> str:
    limit = time.monotonic() + _START_SECONDS
    while admin.process.poll() is None and time.monotonic() < limit:
        for line in admin.log:
            if line["action"] == "listening":
                return str(line["url"])
        time.sleep(0.02)
    raise AssertionError(f"the admin service did not start: {admin.log}")
