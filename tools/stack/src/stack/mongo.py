"""A Mongo server of our own on 127.0.0.1: for `make start`, for the tests and for the benchmarks."""

import fcntl
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pymongo import MongoClient
from pymongo.errors import PyMongoError
from pymongo.uri_parser import parse_uri

from stack.errors import StackError
from stack.spawn import spawn, stop, tail, wait_until

SERVERS = ("secantusd-rs", "secantusd-py", "mongod")
START_SECONDS = 60.0
STOP_SECONDS = 20.0
RELEASE_SECONDS = 5.0
PING_MILLISECONDS = 1000
REACH_MILLISECONDS = 5000


class MongoError(StackError):
    """A Mongo server can't be had; the message says what to do."""


@dataclass(frozen=True)
class MongoServer:
    """A running server: how to reach it, which one it is, its process."""

    url: str
    name: str
    process: subprocess.Popen[bytes]


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nothing listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def ping(url: str, milliseconds: int = PING_MILLISECONDS) -> bool:
    """Whether a Mongo server answers at `url`."""
    try:
        with MongoClient[Mapping[str, object]](url, serverSelectionTimeoutMS=milliseconds) as client:
            client.admin.command("ping")
    except PyMongoError:
        return False
    return True


def reachable_hosts(url: str) -> str:
    """The servers in `url`, without its credentials; raises `MongoError` when `url` is malformed or none answers."""
    try:
        hosts = ", ".join(f"{host}:{port}" for host, port in parse_uri(url)["nodelist"])
    except (PyMongoError, ValueError):
        raise MongoError("MONGO_URL is no address of a Mongo server; expected mongodb://HOST:PORT") from None
    if not ping(url, REACH_MILLISECONDS):
        raise MongoError(f"MONGO_URL: no Mongo server answers at {hosts}; expected one that runs and lets us in")
    return hosts


def listens(port: int) -> bool:
    """Whether something accepts connections at 127.0.0.1:`port`: a quick look, before a ping that waits."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_until_free(directory: Path) -> None:
    """Returns when no server holds the files in `directory`; raises `MongoError` when one goes on doing so."""
    if not wait_until(lambda: not _held(directory), RELEASE_SECONDS):
        raise MongoError(f"another Mongo server is using {directory}: stop it, or choose another folder")


def choose_server(name: str | None = None) -> str:
    """The server to run: `name`, else the environment's `MONGO_SERVER`, else `secantusd-rs`.

    Where secantusd-rs (a native program) can't run, it is `secantusd-py`. Raises `MongoError` for an unknown name
    and when no program of that name runs here.
    """
    wanted = name or os.environ.get("MONGO_SERVER") or SERVERS[0]
    if wanted not in SERVERS:
        raise MongoError(f"MONGO_SERVER is {wanted!r}; expected one of {', '.join(SERVERS)}")
    candidates = ("secantusd-rs", "secantusd-py") if wanted == "secantusd-rs" else (wanted,)
    for candidate in candidates:
        if _runs(candidate):
            return candidate
    raise MongoError(
        f"{' and '.join(candidates)} can't run here; set MONGO_URL to a running MongoDB, or install it and set "
        f"MONGO_SERVER=mongod"
    )


def command(server: str, directory: Path, port: int) -> list[str]:
    """The command line that serves the files in `directory` on 127.0.0.1:`port`, durably."""
    program = _program(server) or server
    if server == "mongod":
        return [program, "--bind_ip", "127.0.0.1", "--port", str(port), "--dbpath", str(directory)]
    line = [program, "--host", "127.0.0.1", "--port", str(port), "--storage-path", str(directory)]
    line += ["--cache-size", "256M", "--oplog-retention-seconds", "300", "--oplog-max-entries", "5000"]
    if server == "secantusd-rs":
        # It loses journaled writes on kill -9 unless it syncs, and preallocates 2 GB of log unless told otherwise.
        line += ["--sync-on-commit", "--log-file-max", "64MB"]
    return line


@contextmanager
def running_mongo(directory: Path, *, server: str | None = None) -> Iterator[MongoServer]:
    """A server on a free port with its files in `directory`/data and its log in `directory`/mongo.log.

    `server` is one of `SERVERS`; without it, see `choose_server`. Raises `MongoError` with the end of its log when it
    does not come up. What was written stays in `directory` for the next one.
    """
    name = choose_server(server)
    data, log, port = directory / "data", directory / "mongo.log", free_port()
    data.mkdir(parents=True, exist_ok=True)
    wait_until_free(data)
    url = f"mongodb://127.0.0.1:{port}"
    with log.open("wb") as output:
        process = spawn(command(name, data, port), output=output)
    try:
        # Alive *after* the ping: else it is somebody else who answers at that port.
        up = wait_until(lambda: process.poll() is not None or (listens(port) and ping(url)), START_SECONDS)
        if not up or process.poll() is not None:
            why = f"ended with code {process.returncode}" if up else f"does not answer after {START_SECONDS:.0f} s"
            raise MongoError(f"{name} {why}; the end of {log}:\n{tail(log)}")
        yield MongoServer(url, name, process)
    finally:
        stop(process, STOP_SECONDS)


def _held(directory: Path) -> bool:
    """WiredTiger, the storage engine of all of them, locks the first byte of this file while it runs."""
    try:
        with (directory / "WiredTiger.lock").open("r+b") as file:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1)
    except FileNotFoundError:
        return False
    except (BlockingIOError, PermissionError):
        return True
    return False


def _program(server: str) -> str | None:
    """Where the program is: beside this Python (the environment of the project), else on the path."""
    beside = Path(sys.executable).parent / server
    return str(beside) if beside.exists() else shutil.which(server)


def _runs(server: str) -> bool:
    program = _program(server)
    if program is None:
        return False
    question = "--help" if server == "secantusd-py" else "--version"
    try:
        subprocess.run([program, question], check=True, capture_output=True, timeout=START_SECONDS)
    except (OSError, subprocess.SubprocessError):
        return False
    return True
