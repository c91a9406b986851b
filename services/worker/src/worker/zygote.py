"""The worker's side of its zygote: starting it, and forking children from it."""

import os
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

# Besides these, nothing of the worker's environment reaches the code that reads data: no secret can.
_PASSED_ON = [
    "PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "TZ",
    "PYTHONPATH",
    "VIRTUAL_ENV",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
]
START_SECONDS = 120.0
_ANSWER_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Exit:
    """How a child ended: `code` is negative for the signal it died of; `overdue` if it still lived at the deadline."""

    code: int
    peak_bytes: int
    overdue: bool


class ZygoteDiedError(Exception):
    """The zygote is gone, and every child with it."""


def environment_of(endpoint: str, scratch: Path) -> dict[str, str]:
    """The environment of a process that reads data from the Hub at `endpoint`, and writes to `scratch`."""
    return {
        **{name: os.environ[name] for name in _PASSED_ON if name in os.environ},
        "HF_ENDPOINT": endpoint,
        "HF_HOME": str(scratch / "hf"),
        "TMPDIR": str(scratch),
        "HF_UPDATE_DOWNLOAD_COUNTS": "0",
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_DISABLE_IMPLICIT_TOKEN": "1",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        "HF_DATASETS_DISABLE_PROGRESS_BARS": "1",
        # A fork of a process with a pool of threads would have the pool's locks and not its threads.
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }


class Zygote:
    """A running zygote. After `ZygoteDiedError` from any method it is of no more use: `close` it, make another."""

    def __init__(self, endpoint: str, scratch: Path) -> None:
        self.connection, theirs = socket.socketpair()
        # Its command line must not look like a worker's.
        self._process = subprocess.Popen(
            [sys.executable, "-m", "reader", str(theirs.fileno())],
            env=environment_of(endpoint, scratch),
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=sys.stderr,
            # A signal to the worker's group is the worker's to deal with.
            start_new_session=True,
        )
        theirs.close()
        self._lines = b""
        self._exited: dict[int, Exit] = {}
        self.connection.settimeout(START_SECONDS)
        try:
            self._next_message("ready")
        except ZygoteDiedError:
            self.close()
            raise
        self.connection.settimeout(_ANSWER_SECONDS)

    def fork(self, role: dict[str, Any], connections: list[socket.socket]) -> int:
        """A child that runs `reader.children.serve(role, connections)`; returns its process id."""
        request = orjson.dumps({"fork": role, "connections": len(connections)}) + b"\n"
        try:
            socket.send_fds(self.connection, [request], [connection.fileno() for connection in connections])
        except OSError as error:
            raise ZygoteDiedError from error
        pid: int = self._next_message("pid")["pid"]
        return pid

    def set_deadline(self, time: float) -> None:
        """Has the zygote kill every child that lives at a `time.monotonic()`, whatever becomes of this process.

        It holds for children yet to be forked too, until the next deadline.
        """
        self._send({"deadline": time})

    def kill(self, pid: int) -> Exit:
        """Ends a child with SIGKILL if it still runs, and waits for its end."""
        if pid not in self._exited:
            self._send({"kill": pid})
        return self.wait(pid)

    def wait(self, pid: int) -> Exit:
        """Waits until a child has ended."""
        while pid not in self._exited:
            self._next_message("exited")
        return self._exited.pop(pid)

    def close(self) -> None:
        """Ends the zygote and its children."""
        self.connection.close()
        self._process.kill()
        self._process.wait()

    def _send(self, message: dict[str, Any]) -> None:
        try:
            self.connection.sendall(orjson.dumps(message) + b"\n")
        except OSError as error:
            raise ZygoteDiedError from error

    def _next_message(self, wanted: str) -> dict[str, Any]:
        while True:
            while b"\n" not in self._lines:
                try:
                    chunk = self.connection.recv(65536)
                except OSError as error:
                    raise ZygoteDiedError from error
                if not chunk:
                    raise ZygoteDiedError
                self._lines += chunk
            line, self._lines = self._lines.split(b"\n", 1)
            message: dict[str, Any] = orjson.loads(line)
            if "exited" in message:
                self._exited[message["exited"]] = Exit(message["status"], message["peak_bytes"], message["overdue"])
            if wanted in message:
                return message
