"""What may not start for now: jobs of a type, of a namespace or of a dataset."""

import time
from enum import StrEnum
from typing import Any

from pymongo.database import Database

_KNOWN_SECONDS = 1.0


class Scope(StrEnum):
    """What a pause is about."""

    TYPE = "type"
    NAMESPACE = "namespace"
    DATASET = "dataset"


class Pauses:
    """The pauses of one queue database. A new one is known after a second at most, the end of one at once."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._pauses = database["pauses"]
        self._known: set[str] = set()
        self._until = 0.0

    def add(self, scope: Scope, name: str) -> None:
        """Pauses; does nothing where that is done already."""
        fields = {"scope": scope.value, "name": {"$literal": name}, "since": {"$ifNull": ["$since", "$$NOW"]}}
        self._pauses.update_one({"_id": _id(scope, name)}, [{"$set": fields}], upsert=True)

    def remove(self, scope: Scope, name: str) -> bool:
        """Ends a pause; False when there was none."""
        return self._pauses.delete_one({"_id": _id(scope, name)}).deleted_count == 1

    def all(self) -> list[dict[str, Any]]:
        """Each as {scope, name, since}, the oldest first."""
        return list(self._pauses.find({}, {"_id": 0}).sort("since"))

    def covers(self, scope: Scope, name: str) -> bool:
        """Whether this is paused."""
        if time.monotonic() > self._until:
            self._known = {pause["_id"] for pause in self._pauses.find({}, {"_id": 1})}
            self._until = time.monotonic() + _KNOWN_SECONDS
        id_ = _id(scope, name)
        if id_ in self._known and self._pauses.find_one({"_id": id_}, {"_id": 1}) is None:
            self._known.discard(id_)
        return id_ in self._known


def _id(scope: Scope, name: str) -> str:
    return f"{scope.value}:{name}"
