"""The jobs that were given up: replaying them from the start, with none of their setbacks counted, or forgetting them.

A job is added first and taken from the dead afterwards, so a crash in between loses nothing. Only the death that was
read is taken away: a job may die again before that.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from pymongo import DeleteOne
from pymongo.database import Database

from libqueue.model import JobKey
from libqueue.queue import Queue


class Dead:
    """The dead jobs of one queue database. Every method may raise `PyMongoError`; doing it again is harmless."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._dead = database["dead"]

    def first(self, wanted: Mapping[str, str], until: datetime, limit: int) -> list[dict[str, Any]]:
        """The first `limit` to have died, by `until` at the latest, of those with these fields."""
        # Those that die while this goes on are not its own.
        deaths = self._dead.aggregate(
            [
                {"$match": {"died_at": {"$lte": until}}},
                {"$match": dict(wanted)},
                {"$sort": {"died_at": 1}},
                {"$limit": limit},
            ]
        )
        return list(deaths)

    def replay(self, queue: Queue, deaths: Sequence[Mapping[str, Any]]) -> None:
        """Queues them again."""
        queue.add_many([JobKey.of(death) for death in deaths])
        self.forget(deaths)

    def forget(self, deaths: Sequence[Mapping[str, Any]]) -> int:
        """Takes them away; returns how many were still there."""
        if not deaths:
            return 0
        gone = [DeleteOne({"_id": death["_id"], "died_at": death["died_at"]}) for death in deaths]
        return self._dead.bulk_write(gone, ordered=False).deleted_count
