"""Running one job in children of the zygote: with a time limit, a memory limit, and heartbeats meanwhile."""

import contextlib
import math
import os
import selectors
import socket
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

from libcache.scratch import Scratch
from libcommon.errors import CodedError
from libqueue.model import LeaseLostError, Setback
from reader import wire
from reader.isolation.layers import Layers
from reader.isolation.limits import Limits

from worker.memory import Memory
from worker.memory_group import MemoryGroup
from worker.stopping import Stopping
from worker.zygote import Exit, Zygote, ZygoteDiedError

# How often memory is looked at; a child can't fill a machine in so short a time.
_LOOK_SECONDS = 0.1
# Of CPU, beyond what all cores can do until the job's time is over: that is what is to end it.
_SPARE_CPU_SECONDS = 60
# For one file of a job, beside ten times what may be downloaded: it is unpacked there.
_JOB_FILE_BYTES = 1_000_000_000
# A decoder has room for the largest media file, and what comes of it; how large that may be, it knows itself.
_DECODER_FILE_BYTES = 200_000_000
_DECODER_CPU_SECONDS = 30
_LEAST_DECODER_BYTES = 512_000_000


@dataclass(frozen=True, slots=True)
class Result:
    """What the child answered."""

    message: dict[str, Any]
    data: bytes

    @property
    def error(self) -> CodedError | None:
        """The error that stands in place of an answer."""
        return coded(self.message["error"]) if "error" in self.message else None


@dataclass(frozen=True, slots=True)
class Crash:
    """The child ended without an answer: `code` is of the catalogue, `message` is for the client."""

    setback: Setback
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Run:
    """What became of a job's processes, and the most resident memory that they had together, if it is known.

    `hub_requests` counts what they asked the Hub, by the status of its answers; `none` are those without one.
    """

    outcome: Result | Crash
    peak_bytes: int | None
    hub_requests: Mapping[str, int]


class Time(Protocol):
    """How long a job's processes may live: until `ends`, by `time.monotonic()`; `keep` is called several times a second
    and may extend it.
    """

    @property
    def ends(self) -> float:
        """When it is over."""

    @property
    def is_over(self) -> bool:
        """Whether it is over."""

    def keep(self) -> bool:
        """Extends it if it is time to; returns whether it did.

        Raises:
            LeaseLostError: it is over.
        """


class StopAskedError(Exception):
    """The worker was asked to stop and the time of the running job is over; the job's processes are gone."""


class Executor:
    """Runs jobs one at a time, each in a fresh fork. The zygote is started before the first job needs it."""

    def __init__(
        self, endpoint: str, scratch: Scratch, stopping: Stopping, *, timeout_seconds: float, memory_bytes: int
    ) -> None:
        self._endpoint = endpoint
        self._scratch = scratch
        self._stopping = stopping
        self._timeout_seconds = timeout_seconds
        self._memory_bytes = memory_bytes
        self._group = MemoryGroup(memory_bytes)
        self._zygote: Zygote | None = None

    def prepare(self) -> None:
        """Starts the zygote if none runs: between jobs, since it takes seconds in which nobody beats."""
        if self._zygote is None:
            self._zygote = Zygote(self._endpoint, self._scratch.path)

    def isolation(self) -> Layers:
        """The layers around a process that decodes media, as one that has just put them on itself tells it.

        Raises:
            ZygoteDiedError: there is no process to ask.
        """
        assert self._zygote is not None, "prepare() comes first"
        with contextlib.ExitStack() as stack:
            ours, theirs = _pair(stack)
            role = {"confine": str(self._scratch.path), "limits": asdict(self._decoder_limits)}
            pid = self._zygote.fork(role, [theirs])
            theirs.close()
            try:
                layers, _ = wire.receive(ours)
            except (OSError, wire.WireError) as error:
                raise ZygoteDiedError from error
            finally:
                self._zygote.kill(pid)
            return {**layers, "memory_group": self._group.works}

    def close(self) -> None:
        """Ends the zygote."""
        if self._zygote is not None:
            self._zygote.close()
            self._zygote = None

    def run(self, type_: str, request: dict[str, Any], *, staging: Path | None, lease: Time) -> Run:
        """Runs a job's child and, with a `staging` folder, the child that decodes media for it.

        No process of the job is left when this returns or raises, nor when the lease is over, whatever happens here.

        Raises:
            LeaseLostError: the lease is over, or the job was taken away.
            StopAskedError: the worker has to stop before the job ended.
        """
        memory = Memory()
        exits: list[Exit] = []
        try:
            assert self._zygote is not None, "prepare() comes first"
            self._zygote.set_deadline(lease.ends)
            with contextlib.ExitStack() as stack:
                stack.enter_context(self._group.of_job())
                ours, theirs = _pair(stack)
                pids = []
                connections = [theirs]
                if staging is not None:
                    to_decoder, of_decoder = _pair(stack)
                    connections.append(to_decoder)
                    role: dict[str, Any] = {"decode": str(staging), "limits": asdict(self._decoder_limits)}
                    pids.append(self._zygote.fork(role, [of_decoder]))
                    of_decoder.close()
                limits = self._job_limits(request.get("max_size_fallback", 0))
                role = {"job": type_, "staging": staging and str(staging), "limits": asdict(limits)}
                pids.insert(0, self._zygote.fork(role, connections))
                for connection in connections:
                    connection.close()
                for pid in pids:
                    self._group.add(pid)
                try:
                    outcome = self._supervise(self._zygote, ours, pids, request, lease, memory)
                finally:
                    exits = self._end(pids)
                # One look is all that a quick job gets, and it may come too late.
                for exit_ in exits:
                    memory.note(exit_.peak_bytes)
                if outcome is None:
                    outcome = _out_of_memory() if self._group.killed else _crash(exits[0].code if exits else None)
        except ZygoteDiedError:
            self.close()
            outcome = _crash(None)
        finally:
            self._scratch.empty()
        if isinstance(outcome, Crash) and (lease.is_over or any(exit_.overdue for exit_ in exits)):
            # This process was held up for a whole lease, and the zygote ended the job: not the job's fault.
            raise LeaseLostError
        # Of one that crashed nobody knows.
        requests = outcome.message.pop("hub_requests") if isinstance(outcome, Result) else {}
        return Run(outcome, memory.peak_bytes or None, requests)

    @property
    def _decoder_limits(self) -> Limits:
        # Half of it, so that one file does not end the job.
        memory_bytes = max(self._memory_bytes // 2, _LEAST_DECODER_BYTES)
        return Limits(_DECODER_CPU_SECONDS, memory_bytes, _DECODER_FILE_BYTES)

    def _job_limits(self, max_download_bytes: int) -> Limits:
        cpu_seconds = math.ceil(self._timeout_seconds) * (os.cpu_count() or 1) + _SPARE_CPU_SECONDS
        return Limits(cpu_seconds, self._memory_bytes, _JOB_FILE_BYTES + 10 * max_download_bytes)

    def _end(self, pids: list[int]) -> list[Exit]:
        """Ends the job's processes; tells how they ended unless nobody knows."""
        assert self._zygote is not None
        try:
            return [self._zygote.kill(pid) for pid in pids]
        except ZygoteDiedError:
            # With it, they end too.
            self.close()
            return []

    def _supervise(
        self,
        zygote: Zygote,
        connection: socket.socket,
        pids: list[int],
        request: dict[str, Any],
        lease: Time,
        memory: Memory,
    ) -> Result | Crash | None:
        receiver = wire.Receiver()
        started = time.monotonic()
        try:
            wire.send(connection, request)
        except OSError:
            return None
        with selectors.DefaultSelector() as selector:
            selector.register(connection, selectors.EVENT_READ)
            while True:
                ready = selector.select(_LOOK_SECONDS)
                resident = memory.look(pids)
                if ready:
                    try:
                        chunk = connection.recv(1 << 20)
                        answer = receiver.feed(chunk) if chunk else None
                    except (OSError, wire.WireError):
                        return None
                    if answer is not None:
                        return _result(*answer)
                    if not chunk:
                        return None
                if self._stopping.drained:
                    raise StopAskedError
                if time.monotonic() > started + self._timeout_seconds:
                    return Crash(
                        Setback.TIMEOUT,
                        "JobManagerExceededMaximumDurationError",
                        f"Reading took longer than {self._timeout_seconds:.0f} s. Smaller files or row groups help.",
                    )
                if resident > self._memory_bytes:
                    return _out_of_memory()
                if lease.keep():
                    zygote.set_deadline(lease.ends)


def coded(error: dict[str, Any]) -> CodedError:
    """An error as a child sends it."""
    body = error["body"]
    return CodedError(
        error["code"],
        body["error"],
        cause_exception=body.get("cause_exception"),
        cause_message=body.get("cause_message"),
        retry_after=error["retry_after"],
    )


def _pair(stack: contextlib.ExitStack) -> tuple[socket.socket, socket.socket]:
    ours, theirs = socket.socketpair()
    return stack.enter_context(ours), stack.enter_context(theirs)


def _result(message: dict[str, Any], data: bytes) -> Result | Crash:
    if "out_of_memory" in message:
        return _out_of_memory()
    if "decoder_gone" in message:
        return Crash(Setback.CRASH, "JobManagerCrashedError", "The process that decoded media was killed.")
    return Result(message, data)


def _out_of_memory() -> Crash:
    return Crash(
        Setback.OUT_OF_MEMORY,
        "JobOutOfMemoryError",
        "Reading needed more memory than a job may use. Smaller files or row groups help.",
    )


def _crash(code: int | None) -> Crash:
    how = "died"
    if code is not None:
        how = f"was ended by signal {-code}" if code < 0 else f"ended with code {code}"
    return Crash(Setback.CRASH, "JobManagerCrashedError", f"The process that read the data {how}.")
