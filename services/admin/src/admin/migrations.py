"""What has to become of documents that an earlier release wrote. Indexes aren't here: every process makes sure of its
own when it starts.

A migration only adds what the release before doesn't mind, since both run at once while an installation is upgraded;
the code goes on to read what wasn't migrated until the release after. Each step changes what still needs it, by
conditional updates: so it may be cut off, done again, and done by several at once.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from libcommon.digests import digest_of
from pymongo import UpdateOne
from pymongo.database import Database

_Cache = Database[dict[str, Any]]
_WITHOUT_DIGEST = {"digest": {"$exists": False}}


@dataclass(frozen=True, slots=True)
class Migration:
    """One of them. `pending` counts the documents that still need it, `step` changes some and says how many; none when
    none is left. Both may raise `pymongo.errors.PyMongoError`.
    """

    version: int
    name: str
    pending: Callable[[_Cache], int]
    step: Callable[[_Cache, int], int]


@dataclass(frozen=True, slots=True)
class MigrationState:
    """How far one is; `applied_at` is when it first came to its end."""

    version: int
    name: str
    applied_at: datetime | None
    pending: int


class Migrations:
    """Those of one installation. Every method may raise `pymongo.errors.PyMongoError`."""

    def __init__(self, cache: _Cache) -> None:
        self._cache = cache
        self._applied = cache["migrations"]

    def applied(self) -> dict[int, datetime]:
        """When each was applied that was, by version."""
        return {each["_id"]: each["applied_at"] for each in self._applied.find()}

    def states(self) -> list[MigrationState]:
        """All of them; it reads the collections that they are about."""
        applied = self.applied()
        return [
            MigrationState(each.version, each.name, applied.get(each.version), each.pending(self._cache))
            for each in MIGRATIONS
        ]

    def step(self, migration: Migration, length: int) -> int:
        """Changes at most `length` documents and says how many; when none is left, the migration is applied."""
        changed = migration.step(self._cache, length)
        if not changed:
            applied = {"name": migration.name, "applied_at": {"$ifNull": ["$applied_at", "$$NOW"]}}
            self._applied.update_one({"_id": migration.version}, [{"$set": applied}], upsert=True)
        return changed


def _count_without_digest(cache: _Cache) -> int:
    return cache["answers"].count_documents(_WITHOUT_DIGEST)


def _add_digests(cache: _Cache, length: int) -> int:
    found = list(cache["answers"].find(_WITHOUT_DIGEST, {"body": 1, "fence": 1}).limit(length))
    if found:
        cache["answers"].bulk_write(
            [
                # An answer that was replaced meanwhile has its own.
                UpdateOne(
                    {"_id": each["_id"], "fence": each["fence"], **_WITHOUT_DIGEST},
                    {"$set": {"digest": digest_of(each["body"])}},
                )
                for each in found
            ],
            ordered=False,
        )
    return len(found)


MIGRATIONS = (Migration(1, "the digests of answers", _count_without_digest, _add_digests),)
"""In the order in which they are applied. A version is never used again."""
