"""Replaying: a job that was given up runs again from the start, with none of its setbacks counted.

It is added first and taken from the dead afterwards, so a crash in between loses nothing. Only the death that was read
is taken away: a job may die again before that.
"""

from itertools import islice
from typing import Any

from pymongo import DeleteOne
from pymongo.database import Database

from libqueue import clock
from libqueue.model import JobKey
from libqueue.queue import Queue

# A write of so many ends within the time that a connection may be silent.
_BATCH = 100


def replay(database: Database[dict[str, Any]], queue: Queue, key: JobKey) -> bool:
    """Replays the dead job of a key; False when there is none.

    Raises:
        pymongo.errors.PyMongoError: the server is in trouble; doing it again is harmless.
    """
    death = database["dead"].find_one({"_id": str(key)})
    if death is None:
        return False
    _replay(database, queue, [death])
    return True


def replay_all(
    database: Database[dict[str, Any]], queue: Queue, *, type_: str | None = None, code: str | None = None
) -> int:
    """Replays the dead jobs of a type, of a code, or all, the oldest first; returns how many there were.

    Raises:
        pymongo.errors.PyMongoError: the server is in trouble, and some may be replayed; doing it again is harmless.
    """
    wanted = {name: value for name, value in (("type", type_), ("code", code)) if value is not None}
    # Those that die while this goes on are not its own.
    until_now = {"died_at": {"$lte": clock.now(database)}}
    deaths = database["dead"].aggregate([{"$match": until_now}, {"$match": wanted}, {"$sort": {"died_at": 1}}])
    replayed = 0
    while batch := list(islice(deaths, _BATCH)):
        _replay(database, queue, batch)
        replayed += len(batch)
    return replayed


def _replay(database: Database[dict[str, Any]], queue: Queue, deaths: list[dict[str, Any]]) -> None:
    queue.add_many([JobKey.of(death) for death in deaths])
    database["dead"].bulk_write(
        [DeleteOne({"_id": death["_id"], "died_at": death["died_at"]}) for death in deaths], ordered=False
    )
