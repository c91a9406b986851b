"""The load: a process that keeps so many connections busy and looks at each answer no more than it must.

Each connection sends a request, reads to the end of the answer, and sends the next at once.
"""

import asyncio
import itertools
import math
import re
import statistics
import time
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import cast

import uvloop

from bench.api.exchange import Exchange
from bench.errors import BenchError
from bench.queue.team import Member, Team
from bench.table import percentile

_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]+)", re.IGNORECASE)
_STATUS = slice(len(b"HTTP/1.1 "), len(b"HTTP/1.1 200"))
_HEAD_END = b"\r\n\r\n"
_BUFFER_BYTES = 262_144
# Whoever answers nothing for so long answers nothing any more.
_PATIENCE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Load:
    """What came of one measurement, or the medians of several: answers a second, and how many seconds one took.

    `client_cpu` is the client's share of a CPU meanwhile: near 1, it is the client that is measured.
    """

    rate: float
    p50: float
    p99: float
    client_cpu: float

    @classmethod
    def median(cls, loads: Sequence["Load"]) -> "Load":
        """The median of each figure by itself."""
        return cls(*(statistics.median(getattr(load, field.name) for load in loads) for field in fields(cls)))


def load_for(client: Team, port: int, exchange: Exchange, connections: int, seconds: float) -> Load:
    """Has a team of one ask that port for the same for so long.

    Raises:
        BenchError: an answer isn't what it must be, or none comes.
    """
    return _done(client.do(_load, port, [exchange], connections, seconds, math.inf))


def load_of(client: Team, port: int, exchanges: Sequence[Exchange], connections: int, requests: int) -> Load:
    """Has it ask for all of them in turns, so many times in all.

    Raises:
        BenchError: the same.
    """
    return _done(client.do(_load, port, exchanges, connections, math.inf, requests))


def _done(results: list[Load | BenchError]) -> Load:
    [result] = results
    if isinstance(result, BenchError):
        raise result
    return result


def _load(
    member: Member, port: int, exchanges: Sequence[Exchange], connections: int, seconds: float, requests: float
) -> Load | BenchError:
    """The task of the process."""
    try:
        return uvloop.run(_loaded(port, exchanges, connections, seconds, requests))
    except BenchError as error:
        return error


async def _loaded(port: int, exchanges: Sequence[Exchange], connections: int, seconds: float, requests: float) -> Load:
    crowd = _Crowd()
    for number in range(connections):
        first = number % len(exchanges)
        await crowd.connect(port, itertools.cycle((*exchanges[first:], *exchanges[:first])))
    try:
        # The first answer on a connection costs what the others don't.
        await crowd.run(math.inf, connections)
        begun, cpu_begun = time.perf_counter(), time.process_time()
        latencies = await crowd.run(begun + seconds, requests)
        took, cpu = time.perf_counter() - begun, time.process_time() - cpu_begun
    finally:
        crowd.close()
    return Load(len(latencies) / took, percentile(latencies, 0.5), percentile(latencies, 0.99), cpu / took)


class _Crowd:
    """Connections that begin together and end together."""

    def __init__(self) -> None:
        self._connections: list[_Connection] = []

    async def connect(self, port: int, exchanges: Iterable[Exchange]) -> None:
        _, connection = await asyncio.get_running_loop().create_connection(
            lambda: _Connection(self, exchanges), "127.0.0.1", port
        )
        self._connections.append(connection)

    def close(self) -> None:
        for connection in self._connections:
            connection.close()

    async def run(self, end: float, requests: float) -> "array[float]":
        """Has all of them ask until `end`, by `time.perf_counter`, or so often; returns the seconds of each answer."""
        self._latencies = array("d")
        self._end = end
        self._requests = requests
        self._busy = len(self._connections)
        self._finished: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        for connection in self._connections:
            connection.send()
        seen = -1
        while not self._finished.done():
            if len(self._latencies) == seen:
                raise BenchError(f"no answer came for {_PATIENCE_SECONDS:.0f} s")
            seen = len(self._latencies)
            await asyncio.wait((self._finished,), timeout=_PATIENCE_SECONDS)
        self._finished.result()
        return self._latencies

    def answered(self, connection: "_Connection", now: float, seconds: float) -> None:
        """One has its answer; it asks for the next, or rests."""
        self._latencies.append(seconds)
        if now < self._end and len(self._latencies) + self._busy <= self._requests:
            connection.send()
            return
        self._busy -= 1
        if not self._busy and not self._finished.done():
            self._finished.set_result(None)

    def failed(self, what: str) -> None:
        """One has an answer that it should not have."""
        if not self._finished.done():
            self._finished.set_exception(BenchError(what))


class _Connection(asyncio.BufferedProtocol):
    def __init__(self, crowd: _Crowd, exchanges: Iterable[Exchange]) -> None:
        self._crowd = crowd
        self._exchanges = iter(exchanges)
        self._buffer = bytearray(_BUFFER_BYTES)
        self._view = memoryview(self._buffer)
        # Of the head, while it isn't whole; then of the body, how much is yet to come.
        self._filled = 0
        self._missing: int | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def send(self) -> None:
        self._exchange = next(self._exchanges)
        self._sent_at = time.perf_counter()
        self._transport.write(self._exchange.request)

    def close(self) -> None:
        self._transport.abort()

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._view[self._filled :]

    def buffer_updated(self, nbytes: int) -> None:
        if self._missing is None:
            self._filled += nbytes
            end = self._buffer.find(_HEAD_END, 0, self._filled)
            if end < 0:
                return
            self._missing = self._length(end) - (self._filled - end - len(_HEAD_END))
            self._filled = 0
        else:
            self._missing -= nbytes
        if self._missing < 0:
            self._crowd.failed(f"{self._exchange.name}: more is sent than was announced")
        elif not self._missing:
            self._missing = None
            now = time.perf_counter()
            self._crowd.answered(self, now, now - self._sent_at)

    def connection_lost(self, exc: Exception | None) -> None:
        self._crowd.failed("the server closed a connection")

    def _length(self, end: int) -> int:
        """The bytes of the body that follows a head of so many bytes, which is looked at."""
        expected, status = self._exchange, int(self._buffer[_STATUS])
        announced = _LENGTH.search(self._buffer, 0, end)
        length = int(announced[1]) if announced and status != 304 else 0
        if status != expected.status or abs(length - expected.size) > expected.slack:
            wanted = f"{expected.status} and {expected.size:,}"
            self._crowd.failed(f"{expected.name} is answered {status} and {length:,} bytes, not {wanted}")
        return length
