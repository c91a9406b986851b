"""The side of the search: gives inputs to a process under test, and lives when that dies."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from reader import wire
from worker.zygote import environment_of

from services.worker.tests.corpus.case import Files
from services.worker.tests.fuzz.verdict import Verdict

# Signals that say so, to a process that has had its CPU, or its time.
_OVER_TIME = (signal.SIGXCPU, signal.SIGALRM)
# How long an answer may take: that of a process which starts, too.
_SECONDS = 240
_ENDPOINT = "http://hub.invalid"


class Trial:
    """Tries inputs of one target in its process."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection

    def judge(self, files: Files) -> Verdict:
        """What comes of an input. One that the process dies over is tried again, alone."""
        verdict = self._ask(files)
        if "died" not in verdict:
            return Verdict(**verdict)
        death, slow = _death(verdict["died"]), -verdict["died"] in _OVER_TIME
        if not slow and (alone := self._ask(files)) != verdict:
            return Verdict("trouble", f"{death}, but not when tried again: {alone}", "not each time")
        return Verdict("trouble", death, death, slow)

    def _ask(self, files: Files) -> dict[str, Any]:
        message = {"names": list(files), "lengths": [len(data) for data in files.values()]}
        wire.send(self._connection, message, b"".join(files.values()))
        return wire.receive(self._connection)[0]


@contextmanager
def running_subject() -> Iterator[Callable[[str], Trial]]:
    """The process under test runs for the time of a `with` block; the function gives the trial of a target."""
    with ExitStack() as stack:
        scratch = stack.enter_context(tempfile.TemporaryDirectory(prefix="fuzz-"))
        control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        stack.enter_context(control)
        command = [sys.executable, "-m", f"{__package__}.subject", scratch, str(theirs.fileno())]
        # Decoders write there what they think of a file.
        log = stack.enter_context((Path(scratch) / "log").open("wb"))
        # It ends when the last of the processes has: until then they write to the folder.
        ended, held = os.pipe()
        process = subprocess.Popen(
            command, env=environment_of(_ENDPOINT, Path(scratch)), pass_fds=[theirs.fileno(), held], stderr=log
        )
        theirs.close()
        os.close(held)
        stack.callback(os.close, ended)
        stack.callback(os.read, ended, 1)
        stack.callback(process.wait)
        stack.callback(process.kill)

        def trial_of(target: str) -> Trial:
            ours, connection = socket.socketpair()
            stack.enter_context(ours)
            ours.settimeout(_SECONDS)
            socket.send_fds(control, [target.encode()], [connection.fileno()])
            connection.close()
            return Trial(ours)

        yield trial_of


def _death(code: int) -> str:
    if code >= 0:
        return f"the process ends with {code}"
    name = signal.Signals(-code).name
    return f"takes too long ({name})" if -code in _OVER_TIME else f"the process dies of {name}"
