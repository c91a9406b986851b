"""The process that decodes the media of a job, confined, and how it lives through what a file does to it.

A file may crash a decoder, keep it busy for ever or fill its memory; that must cost one cell and not the page. So the
decoding is done by a child of this process, which has all layers on it already. When it dies over a file, there is an
error for the file and a new child for the next.
"""

import math
import mmap
import os
import signal
import socket
import sys
import time
import traceback
from pathlib import Path
from typing import Any, NoReturn

from reader import media, wire
from reader.death import die_with_parent
from reader.features.kinds import CellError
from reader.isolation.layers import confine_decoder
from reader.isolation.limits import Limits, limit_cpu

_IDLE, _BUSY = 0, 1


def serve(connection: socket.socket, staging: Path, limits: Limits) -> None:
    """Answers each `{"kind", "name"}` and the file's bytes with what `media.decode` gives, until the job has no more.

    Each file may take `limits.cpu_seconds`. In place of an answer there may be `{"cell_error": what is wrong with the
    file}` or `{"disk_error": true}`.
    """
    confine_decoder(limits, staging)
    _silence_libraries()
    # Shared with the child: whether it owes an answer.
    state = mmap.mmap(-1, 1)
    while _has_more(connection):
        parent = os.getpid()
        pid = os.fork()
        if not pid:
            _decode_all(parent, connection, staging, state, limits.cpu_seconds)
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        if state[0] == _IDLE:
            return
        state[0] = _IDLE
        if code == -signal.SIGKILL:
            # No file does that. Nobody is left to answer, which is how the job takes it.
            return
        over_time = code == -signal.SIGXCPU
        what = f"takes more than {limits.cpu_seconds} s" if over_time else "made the process that decodes media end"
        wire.send(connection, {"cell_error": f"the file {what}"})


def _silence_libraries() -> None:
    """What libraries in C print about a file, maybe a line for each of its blocks, is not for the log."""
    for_python = os.dup(sys.stderr.fileno())
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for descriptor in (sys.stdout.fileno(), sys.stderr.fileno()):
        os.dup2(nowhere, descriptor)
    os.close(nowhere)
    sys.stderr = os.fdopen(for_python, "w", buffering=1)


def _has_more(connection: socket.socket) -> bool:
    try:
        return bool(connection.recv(1, socket.MSG_PEEK))
    except ConnectionError:
        return False


def _decode_all(parent: int, connection: socket.socket, staging: Path, state: mmap.mmap, seconds: int) -> NoReturn:
    status = 1
    try:
        die_with_parent(parent)
        while True:
            try:
                request, data = wire.receive(connection)
            except (wire.WireError, ConnectionError):
                break
            state[0] = _BUSY
            limit_cpu(math.ceil(time.process_time()) + seconds)
            decoded = _decode(request, data, staging)
            del data
            state[0] = _IDLE
            wire.send(connection, decoded)
        status = 0
    finally:
        os._exit(status)


def _decode(request: dict[str, Any], data: bytes, staging: Path) -> dict[str, Any]:
    try:
        return media.decode(request["kind"], data, request["name"], staging=staging)
    except CellError as error:
        return {"cell_error": str(error)}
    except OSError:
        traceback.print_exc(file=sys.stderr)
        return {"disk_error": True}
    except MemoryError:
        return {"cell_error": "the file needs more memory to be decoded than there is for one"}
    except Exception:
        traceback.print_exc(file=sys.stderr)
        return {"cell_error": "the file could not be decoded"}
