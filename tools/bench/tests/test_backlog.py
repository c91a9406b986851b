"""A backlog is made of the documents that adding its jobs leaves."""

from collections.abc import Iterator
from typing import Any

import pytest
from bench.queue.backlog import LIMITS, Backlog, fill
from libcommon.mongo import disconnect
from libqueue.queue import Queue
from libqueue.schema import ALIAS, open_queue_database
from pymongo.database import Database

Documents = dict[str, dict[str, Any]]
JOBS = 6
NAMESPACES = 4


@pytest.fixture
def backlog(mongo_url: str, database_name: str) -> Backlog:
    return fill(mongo_url, f"{database_name}_queue", JOBS, NAMESPACES)


@pytest.fixture
def database(mongo_url: str, backlog: Backlog) -> Iterator[Database[dict[str, Any]]]:
    yield open_queue_database(mongo_url, backlog.database)
    disconnect(ALIAS)


def test_filling_leaves_what_adding_leaves_but_for_the_time(
    database: Database[dict[str, Any]], backlog: Backlog
) -> None:
    filled_jobs, filled_turns = _read(database)
    for name in ("jobs", "turns"):
        database[name].delete_many({})
    queue = Queue(database, LIMITS)
    for number in range(JOBS):
        queue.add(backlog.key(number))
    added_jobs, added_turns = _read(database)
    times = ("created_at", "event_at", "rank")
    assert _without(filled_jobs, "token", *times) == _without(added_jobs, "token", *times)
    assert _without(filled_turns, "version", "taken_at", "horizon") == _without(
        added_turns, "version", "taken_at", "horizon"
    )
    assert _spans(filled_turns) == _spans(added_turns)


def test_jobs_and_turns_are_in_the_order_of_coming_in(database: Database[dict[str, Any]], backlog: Backlog) -> None:
    jobs, turns = _read(database)
    ranks = [jobs[str(backlog.key(number))]["rank"] for number in range(JOBS)]
    assert ranks == [backlog.rank(number) for number in range(JOBS)]
    taken_at = [turns[f"splits:{backlog.namespace(number)}"]["taken_at"] for number in range(NAMESPACES)]
    assert len({taken - rank for taken, rank in zip(taken_at, ranks, strict=False)}) == 1


def _read(database: Database[dict[str, Any]]) -> tuple[Documents, Documents]:
    jobs, turns = ({document["_id"]: document for document in database[name].find()} for name in ("jobs", "turns"))
    return jobs, turns


def _without(documents: Documents, *names: str) -> Documents:
    return {
        key: {name: value for name, value in document.items() if name not in names}
        for key, document in documents.items()
    }


def _spans(turns: Documents) -> dict[str, int]:
    """How far the place where to look first is from the time of coming in."""
    return {key: turn["horizon"] - turn["taken_at"] for key, turn in turns.items()}
