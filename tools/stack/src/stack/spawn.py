"""How every child process is started and ended: in a session of its own, and never outliving its parent on Linux."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

PR_SET_PDEATHSIG = 1
POLL_SECONDS = 0.02


def _die_with_parent(number: signal.Signals) -> Callable[[], None] | None:
    """A function for the child, between fork and exec, that asks Linux for a signal when the parent dies."""
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl  # looked up here: nothing is imported or loaded after the fork
    parent = os.getpid()

    def ask() -> None:
        prctl(PR_SET_PDEATHSIG, number)
        if os.getppid() != parent:  # it died before we asked
            os._exit(1)

    return ask


def spawn(
    command: Sequence[str],
    *,
    environment: Mapping[str, str] | None = None,
    output: int | IO[bytes],
    orphaned: signal.Signals = signal.SIGTERM,
) -> subprocess.Popen[bytes]:
    """Start `command` in a new session with its stdout and stderr going to `output`.

    On Linux it gets the signal `orphaned` when the *thread* that called this ends, so call it from the main thread.
    """
    return subprocess.Popen(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        preexec_fn=_die_with_parent(orphaned),  # safe beside threads: it calls two C functions, and takes no lock
    )


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """SIGKILL `process` and whatever it started and left in its process group."""
    with contextlib.suppress(ProcessLookupError, PermissionError):  # macOS says EPERM when only zombies are left
        os.killpg(process.pid, signal.SIGKILL)


def stop(process: subprocess.Popen[bytes], grace_seconds: float) -> None:
    """SIGTERM, then SIGKILL for the whole group once it ended or `grace_seconds` are over; waits for the end."""
    process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(grace_seconds)
    kill_group(process)
    process.wait()


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    """Whether `condition` became true within `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True


def tail(log: Path, lines: int = 15) -> str:
    """The last lines of a log file, for an error message."""
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:]) if log.exists() else ""
