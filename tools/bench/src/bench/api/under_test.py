"""Api processes of the benchmark's own, over what a running stack has."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPException

from stack.mongo import free_port
from stack.spawn import spawn, stop, tail, wait_until

from bench.api.exchange import ask, request
from bench.errors import BenchError
from bench.running_stack import RunningStack

_START_SECONDS = 60.0
_STOP_SECONDS = 20.0
# The longest that it can be set to.
_AUTH_MEMORY_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Api:
    """Where it listens, and its first process."""

    port: int
    pid: int


@contextmanager
def api_under_test(stack: RunningStack, processes: int, answers_memory_seconds: int) -> Iterator[Api]:
    """Starts one with so many processes that keep answers for so long, and stops it again.

    Raises:
        BenchError: it does not come up.
    """
    port = free_port()
    settings = {
        "MONGO_URL": stack.mongo_url,
        "MONGO_QUEUE_DATABASE": stack.queue_database,
        "MONGO_CACHE_DATABASE": stack.cache_database,
        "ASSETS_STORAGE": str(stack.assets),
        "HF_ENDPOINT": stack.hub,
        "API_HOST": "127.0.0.1",
        "API_PORT": str(port),
        "API_PROCESSES": str(processes),
        "ANSWERS_MEMORY_SECONDS": str(answers_memory_seconds),
        "AUTH_MEMORY_SECONDS": str(_AUTH_MEMORY_SECONDS),
    }
    log = stack.data / "logs" / f"api-{port}.log"
    with log.open("wb") as output:
        process = spawn([sys.executable, "-m", "api"], environment=os.environ | settings, output=output)
    try:
        wait_until(lambda: process.poll() is not None or _is_ready(port), _START_SECONDS)
        if process.poll() is not None or not _is_ready(port):
            raise BenchError(f"the api does not come up: {tail(log)}")
        yield Api(port, process.pid)
    finally:
        stop(process, _STOP_SECONDS)


def _is_ready(port: int) -> bool:
    try:
        return ask(port, request("bench", "/ready", {})).status == 200
    except (OSError, HTTPException):
        return False
