"""The ceiling of what the api reads from Mongo: the driver's bare point reads of the same documents."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import uvloop
from libcommon.mongo import connect_async

from bench.errors import BenchError
from bench.queue.team import Member, Team

Read = tuple[str, Mapping[str, Any]]
"""A collection, and the filter of one of its documents, by a unique key."""


def rate(drivers: Team, database: str, reads: Sequence[Read], tasks: int, seconds: float) -> float:
    """How often a second so many tasks together make these reads, one after the other; they are dealt to the team.

    Raises:
        BenchError: there is no such document.
    """
    results: list[float | None] = drivers.do(_read, database, reads, tasks, seconds)
    rates = [result for result in results if result is not None]
    if len(rates) < len(results):
        raise BenchError(f"not all of these are there: {reads}")
    return sum(rates)


def _read(member: Member, database: str, reads: Sequence[Read], tasks: int, seconds: float) -> float | None:
    """A member's task."""
    return uvloop.run(_rate(member, database, reads, len(range(member.number, tasks, member.size)), seconds))


async def _rate(member: Member, database: str, reads: Sequence[Read], tasks: int, seconds: float) -> float | None:
    async with connect_async(member.url) as client:
        collections = [(client[database][collection], filter_) for collection, filter_ in reads]

        async def once() -> bool:
            return all([await collection.find_one(filter_) is not None for collection, filter_ in collections])

        # The first read on a connection costs what the others don't.
        there = all(await asyncio.gather(*(once() for _ in range(tasks))))
        # Nothing runs here that it could keep from running.
        member.together()
        begun = time.perf_counter()
        counts = await asyncio.gather(*(_repeated(once, begun + seconds) for _ in range(tasks)))
        return sum(counts) / (time.perf_counter() - begun) if there else None


async def _repeated(once: Callable[[], Awaitable[bool]], end: float) -> int:
    times = 0
    while time.perf_counter() < end:
        await once()
        times += 1
    return times
