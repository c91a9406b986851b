"""The zygote of a worker: a clean process with the heavy libraries imported, from which each job's child is forked.

Run as `python -m reader FD` by a worker, where FD is a Unix stream socket. Over it the worker sends

    {"fork": {…role…}, "connections": n} with n sockets    a child that runs `reader.children.serve(role, sockets)`
    {"kill": pid}                                          ends a child that this process forked and has not reaped
    {"deadline": t}                                        from t on, until the next such message, no child may live

and gets `{"ready": true}` once, `{"pid": …}` for each fork and for each child
`{"exited": pid, "status": …, "peak_bytes": …, "overdue": …}`: how it ended, the most resident memory that it had, and
whether it lived at the deadline. That is a `time.monotonic()`, a clock that all processes of a machine share: a worker
that is stopped for longer than its lease can't end its job's children, so the zygote does.

The zygote keeps no secret: what a child needs comes over the child's own socket. It ends, and its children with it,
when the worker does.
"""

import gc
import os
import re
import selectors
import signal
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import orjson

from reader import children
from reader.death import die_with_parent
from reader.isolation.limits import forbid_core_dumps
from reader.library import prepare

# `ru_maxrss` is in KiB, but for macOS. Source: getrusage(2) of both.
_MAXRSS_BYTES = 1 if sys.platform == "darwin" else 1024
# A child that was killed may take a moment to end; meanwhile the zygote need not hurry.
_LEAST_WAIT_SECONDS = 0.01
_PEAK = re.compile(r"^VmHWM:\s+(\d+) kB$", re.MULTILINE)


def _send(worker: socket.socket, message: dict[str, Any]) -> None:
    worker.sendall(orjson.dumps(message) + b"\n")


def _fork(worker: socket.socket, role: dict[str, Any], connections: list[int], before: Callable[[], None]) -> int:
    zygote = os.getpid()
    pid = os.fork()
    if pid:
        for connection in connections:
            os.close(connection)
        return pid
    status = 1
    try:
        die_with_parent(zygote)
        before()
        worker.close()
        children.serve(role, [socket.socket(fileno=connection) for connection in connections])
        status = 0
    finally:
        # Nothing of the zygote may run in a child, not even its exit handlers.
        os._exit(status)


def _kill(pids: set[int], peaks: dict[int, int]) -> None:
    """Kills children, and with each its own, of which it then can't tell any more how much memory they had."""
    for pid in pids:
        peaks[pid] = _peak_bytes_of_children(pid)
        os.kill(pid, signal.SIGKILL)


def _peak_bytes_of_children(pid: int) -> int:
    """The most memory that a child of `pid` had, by proc(5); 0 where nothing tells."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        peaks = [_PEAK.search(Path(f"/proc/{child}/status").read_text()) for child in children]
    except OSError:
        return 0
    return max((int(peak[1]) * 1024 for peak in peaks if peak), default=0)


def main(fd: int) -> NoReturn:
    """Serves the worker at the other end of `fd` until it is gone."""
    die_with_parent(os.getppid())
    forbid_core_dumps()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    worker = socket.socket(fileno=fd)
    woken, waker = socket.socketpair()
    waker.setblocking(False)
    prepare()
    # What is there now is never garbage: no child need look at it, and so copy its pages.
    gc.freeze()
    signal.set_wakeup_fd(waker.fileno(), warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    selector = selectors.DefaultSelector()
    selector.register(worker, selectors.EVENT_READ)
    selector.register(woken, selectors.EVENT_READ)

    def in_child() -> None:
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGCHLD, signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        selector.close()
        woken.close()
        waker.close()

    _send(worker, {"ready": True})
    living: set[int] = set()
    overdue: set[int] = set()
    peaks: dict[int, int] = {}
    lines = b""
    connections: list[int] = []
    deadline: float | None = None
    while True:
        wait = None
        if living and deadline is not None:
            wait = max(deadline - time.monotonic(), _LEAST_WAIT_SECONDS)
        for key, _ in selector.select(wait):
            if key.fileobj is woken:
                woken.recv(4096)
                continue
            chunk, received, _, _ = socket.recv_fds(worker, 65536, 8)
            if not chunk:
                _kill(living, peaks)
                os._exit(0)
            connections += received
            lines += chunk
        while b"\n" in lines:
            line, lines = lines.split(b"\n", 1)
            message = orjson.loads(line)
            if "fork" in message:
                count = message["connections"]
                pid = _fork(worker, message["fork"], connections[:count], in_child)
                del connections[:count]
                living.add(pid)
                _send(worker, {"pid": pid})
            elif "deadline" in message:
                deadline = message["deadline"]
            else:
                _kill(living & {message["kill"]}, peaks)
        if deadline is not None and time.monotonic() >= deadline:
            _kill(living, peaks)
            overdue |= living
        for pid in list(living):
            done, status, used = os.wait4(pid, os.WNOHANG)
            if done:
                exited = {
                    "exited": pid,
                    "status": os.waitstatus_to_exitcode(status),
                    "peak_bytes": max(used.ru_maxrss * _MAXRSS_BYTES, peaks.pop(pid, 0)),
                    "overdue": pid in overdue,
                }
                _send(worker, exited)
                living.discard(pid)
                overdue.discard(pid)


if __name__ == "__main__":
    main(int(sys.argv[1]))
