"""`python -m services.worker.tests.fuzz.subject SCRATCH FD`: what is under test, with the product's limits.

It gets connections, each with the name of a target. Over one come `{"names", "lengths"}` and the bytes of the files;
`{"outcome", "trouble", "kind"}` is the answer. The work is done by a child, as in the product: when that dies over an
input, `{"died": exit code}` is the answer, and there is a new one.
"""

import math
import mmap
import os
import resource
import signal
import socket
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn, Protocol

from reader import wire
from reader.death import die_with_parent
from reader.isolation.layers import confine_decoder, confine_job
from reader.isolation.limits import Limits, limit_cpu
from reader.library import prepare

from services.worker.tests.corpus.case import Files
from services.worker.tests.fuzz import planted
from services.worker.tests.fuzz.decoding import Decoding
from services.worker.tests.fuzz.planted import Planted
from services.worker.tests.fuzz.reading import Reading, place_of
from services.worker.tests.fuzz.targets import TARGETS
from services.worker.tests.fuzz.verdict import Trouble, Verdict

# Of a file that is decoded, as in the product; small inputs have no reason to take as long.
CPU_SECONDS = 30
# A child that sleeps uses no CPU.
_SECONDS = 120
_MEMORY_BYTES = 2_000_000_000
# As much as 89 megapixels of WebP take.
_MAX_RESIDENT_BYTES = 1_600_000_000
_FILE_BYTES = 200_000_000
# What one leaves behind in the process is not the next one's fault for long.
_INPUTS_OF_A_CHILD = 400
_PLANTED_SECONDS = 1
_PRINTED_BYTES = 10_000

_IDLE, _BUSY = 0, 1
_ANOTHER = 3


class _Check(Protocol):
    def check(self, files: Files) -> str:
        """What came of the files, in a word; raises Trouble."""


def main(scratch: Path, fd: int) -> None:
    """Serves connections until the other side is gone."""
    die_with_parent(os.getppid())
    control = socket.socket(fileno=fd)
    prepare()
    parent = os.getpid()
    while True:
        target, descriptors, _, _ = socket.recv_fds(control, 100, 1)
        if not target:
            return
        if not os.fork():
            control.close()
            die_with_parent(parent)
            _serve(target.decode(), scratch, socket.socket(fileno=descriptors[0]))
            return
        os.close(descriptors[0])


def _serve(target: str, scratch: Path, connection: socket.socket) -> None:
    state = mmap.mmap(-1, 1)
    parent = os.getpid()
    while True:
        pid = os.fork()
        if not pid:
            _work(parent, target, scratch, connection, state)
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        if state[0] == _BUSY:
            state[0] = _IDLE
            wire.send(connection, {"died": code})
        elif code != _ANOTHER:
            return


def _work(parent: int, target: str, scratch: Path, connection: socket.socket, state: mmap.mmap) -> NoReturn:
    status = 1
    try:
        die_with_parent(parent)
        descriptor = os.open(scratch / f"printed-{target}", os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND)
        for stream in (sys.stdout, sys.stderr):
            os.dup2(descriptor, stream.fileno())
        check = _confined(target, scratch)
        seconds = _PLANTED_SECONDS if target == planted.NAME else CPU_SECONDS
        for _ in range(_INPUTS_OF_A_CHILD):
            try:
                message, data = wire.receive(connection)
            except (wire.WireError, ConnectionError):
                os._exit(0)
            state[0] = _BUSY
            limit_cpu(math.ceil(time.process_time()) + seconds)
            signal.setitimer(signal.ITIMER_REAL, _SECONDS)
            os.ftruncate(descriptor, 0)
            verdict = _verdict(check, _files(message, data), lambda: os.pread(descriptor, _PRINTED_BYTES, 0))
            signal.setitimer(signal.ITIMER_REAL, 0)
            state[0] = _IDLE
            wire.send(connection, verdict)
            if resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 > _MAX_RESIDENT_BYTES:
                break
        status = _ANOTHER
    finally:
        os._exit(status)


def _confined(target: str, scratch: Path) -> _Check:
    """What checks the inputs, in this process, which now has the layers of a job's or of a decoder's."""
    limits = Limits(10**9, _MEMORY_BYTES, _FILE_BYTES)
    staging = scratch / f"staging-{target}"
    staging.mkdir(exist_ok=True)
    warnings.simplefilter("ignore")
    if target == planted.NAME:
        return Planted()
    kind = TARGETS[target].kind
    if kind == "dataset":
        tempfile.tempdir = str(scratch)
        confine_job(limits, staging)
        return Reading(staging)
    confine_decoder(limits, staging)
    return Decoding(kind, staging)


def _files(message: dict[str, Any], data: bytes) -> Files:
    files, begin = {}, 0
    for name, length in zip(message["names"], message["lengths"], strict=True):
        files[name] = data[begin : begin + length]
        begin += length
    return files


def _verdict(check: _Check, files: Files, printed: Callable[[], bytes]) -> dict[str, Any]:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    try:
        verdict = Verdict(check.check(files))
    except Trouble as trouble:
        verdict = Verdict("trouble", str(trouble), trouble.kind)
    except Exception as error:
        text = "".join(traceback.format_exception(error))
        verdict = Verdict("trouble", text, f"{type(error).__name__} {place_of(error)}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    if verdict.trouble is None and before <= _MAX_RESIDENT_BYTES < peak:
        verdict = Verdict("trouble", f"{peak} bytes of memory for {sum(map(len, files.values()))}", "much memory")
    # An exception in a callback of a library is printed, and goes no further.
    if verdict.trouble is None and b"Traceback" in (output := printed()):
        lines = output.decode(errors="replace").strip().splitlines()
        verdict = Verdict("trouble", "\n".join(lines), f"prints {lines[-1].partition(':')[0]}")
    return {"outcome": verdict.outcome, "trouble": verdict.trouble, "kind": verdict.kind}


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
