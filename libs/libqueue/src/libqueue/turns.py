"""Turns: which namespace is served next.

A namespace with waiting jobs of a type has one turn document. A claim takes the turn that was taken longest ago by
raising its version. A namespace whose jobs are all gone loses its turn; `announce` after each insert gives it back.
"""

import random
from collections.abc import Iterable, Iterator
from typing import Any

from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

# Pickers that all reach for the same turn lose most of their races; among so many they rarely meet.
_SPREAD = 8


class Turns:
    """The turns of one queue database."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._turns = database["turns"]

    def announce(self, type_: str, namespace: str) -> None:
        """Makes sure that the namespace gets turns; call it after a job of it was made waiting."""
        update = [
            {
                "$set": {
                    "version": {"$add": [{"$ifNull": ["$version", 0]}, 1]},
                    "taken_at": {"$ifNull": ["$taken_at", "$$NOW"]},
                }
            }
        ]
        while True:
            try:
                self._turns.update_one({"type": type_, "namespace": namespace}, update, upsert=True)
                return
            except DuplicateKeyError:
                continue  # another process inserted it first: update that one

    def restore(self, type_: str, namespaces: Iterable[str]) -> int:
        """Gives turns back to the namespaces that have none; returns how many had none."""
        known = {turn["namespace"] for turn in self._turns.find({"type": type_}, {"namespace": 1})}
        missing = set(namespaces) - known
        for namespace in missing:
            self.announce(type_, namespace)
        return len(missing)

    def take(self, type_: str) -> Iterator["Turn"]:
        """Takes turns one after the other, those that waited longest first."""
        found = list(self._turns.find({"type": type_}).sort("taken_at").limit(_SPREAD))
        random.shuffle(found)
        for turn in found:
            taken = self._turns.update_one(
                {"_id": turn["_id"], "version": turn["version"]},
                [{"$set": {"version": turn["version"] + 1, "taken_at": "$$NOW"}}],
            )
            if taken.modified_count:
                yield Turn(turn["_id"], turn["namespace"], turn["version"] + 1)

    def drop(self, turn: "Turn") -> None:
        """Ends a namespace's turns when no job waits there; does nothing if one was announced since the turn."""
        self._turns.delete_one({"_id": turn.id, "version": turn.version})


class Turn:
    """A turn that was taken: a try at the head of `namespace`."""

    __slots__ = ("id", "namespace", "version")

    def __init__(self, id_: Any, namespace: str, version: int) -> None:
        self.id = id_
        self.namespace = namespace
        self.version = version
