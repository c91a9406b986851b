"""Several processes that serve one listening socket."""

import multiprocessing
import os
import signal
import socket
import threading
from collections.abc import Callable
from multiprocessing.connection import wait
from multiprocessing.context import SpawnProcess

import structlog

_PAUSE_SECONDS = 1.0

logger = structlog.get_logger()


def run_processes(
    count: int,
    serve: Callable[[socket.socket], int],
    listener: socket.socket,
    *,
    stop_seconds: float,
    on_end: Callable[[int], object],
) -> int:
    """Runs `serve` in so many processes until SIGTERM or SIGINT, then stops them; returns the exit code.

    `serve` returns an exit code. A process that is killed or told to stop is replaced; one that fails has a reason,
    which the others share, and all are stopped. One that has not stopped after `stop_seconds` is killed. `on_end` is
    told the process id of one that is replaced.
    """
    woken, waker = socket.socketpair()
    waker.setblocking(False)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: waker.send(b"!"))
    context = multiprocessing.get_context("spawn")
    processes: list[SpawnProcess] = []
    ended: list[int] = []
    stopping = False
    while not stopping:
        while len(processes) < count:
            process = context.Process(target=_child, args=(serve, listener))
            process.start()
            processes.append(process)
        ready = wait([woken, *(process.sentinel for process in processes)])
        for process in [each for each in processes if each.sentinel in ready]:
            process.join()
            processes.remove(process)
            if process.exitcode is not None and process.exitcode > 0:
                ended.append(process.exitcode)
            else:
                on_end(process.pid or 0)
                logger.error("a process ended", action="process_ended", exit_code=process.exitcode)
        # What kills one at once may kill the next, too.
        stopping = bool(ended) or woken in ready or (len(processes) < count and woken in wait([woken], _PAUSE_SECONDS))
    for process in processes:
        process.terminate()
    for process in processes:
        process.join(stop_seconds)
        if process.exitcode is None:
            process.kill()
            process.join()
        # One that was told to stop before it could listen to that is no failure.
        ended.append(0 if process.exitcode == -signal.SIGTERM else process.exitcode or 0)
    return int(any(ended))


def _child(serve: Callable[[socket.socket], int], listener: socket.socket) -> None:
    threading.Thread(target=_stop_with_the_parent, daemon=True).start()
    raise SystemExit(serve(listener))


def _stop_with_the_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os.kill(os.getpid(), signal.SIGTERM)
