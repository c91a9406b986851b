"""Turns: which namespace is served next.

A namespace with ready jobs of a type has one turn document. A claim looks at one of those that were taken longest ago,
and takes it by changing its version. A namespace whose jobs are all gone loses its turn; `announce` after each job that
became ready gives it back. One whose jobs may not start has its turn held.
"""

import random
from dataclasses import dataclass, replace
from typing import Any

from bson import ObjectId
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError
from pymongo.write_concern import WriteConcern

from libqueue.clock import microseconds
from libqueue.windows import Window, lowest

# Pickers that all reach for the same turn lose most of their races; among so many they rarely meet.
SPREAD = 64
# Where a namespace that comes in anew has its head: its first job and whatever came within microseconds.
_FIRST_SPAN = 16
# What a crash may undo: a turn that was taken is a turn that may be taken again.
_LOOSE = WriteConcern(w=1, j=False)
_READ = ("namespace", "version", "announced", "taken_at", "horizon", "span")


@dataclass(frozen=True, slots=True)
class Turn:
    """A turn as it was read.

    `announced` counts the jobs that were since the namespace had none, `window` says where its head is.
    """

    id: str
    namespace: str
    version: ObjectId
    announced: int
    window: Window | None

    @property
    def as_read(self) -> dict[str, Any]:
        """The filter that matches it as long as nobody took it and nothing was announced."""
        return {"_id": self.id, "version": self.version}


class Turns:
    """The turns of one queue database."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._turns = database["turns"]
        self._loose = database.get_collection("turns", write_concern=_LOOSE)
        self._windows: dict[str, Window | None] = {}
        self._passed_over: dict[str, dict[str, int]] = {}

    def announce(self, type_: str, namespace: str, *, rank: int | dict[str, Any] | None = None, jobs: int = 1) -> None:
        """Makes sure that the namespace gets turns; call it after `jobs` of it were made ready.

        `rank` is where the first of them is, as a number or an expression, if it is known.
        """
        first = {} if rank is None else {"horizon": {"$add": [rank, _FIRST_SPAN]}, "span": _FIRST_SPAN}
        update = [
            {
                "$set": {
                    "type": {"$literal": type_},
                    "namespace": {"$literal": namespace},
                    "version": ObjectId(),
                    "announced": {"$add": [{"$ifNull": ["$announced", 0]}, jobs]},
                    "taken_at": {"$ifNull": ["$taken_at", microseconds()]},
                    "held": {"$ifNull": ["$held", False]},
                    **{name: {"$ifNull": [f"${name}", value]} for name, value in first.items()},
                }
            }
        ]
        while True:
            try:
                self._turns.update_one({"_id": turn_id(type_, namespace)}, update, upsert=True)
                return
            except DuplicateKeyError:
                continue  # another process inserted it first: update that one

    def next(self, type_: str) -> Turn | None:
        """One of the turns that waited longest; None when there is none.

        A process that has passed one over `SPREAD` times takes only older ones before it. So with n turns and w
        processes, one is taken after at most n + w * SPREAD others.
        """
        found, self._windows[type_] = lowest(
            self._turns,
            {"type": type_, "held": False},
            "taken_at",
            SPREAD,
            self._windows.get(type_),
            enough=SPREAD // 2,
            projection=dict.fromkeys(_READ, 1),
        )
        if not found:
            self._passed_over[type_] = {}
            return None
        turn = self._choose(type_, found)
        return Turn(
            id=turn["_id"],
            namespace=turn["namespace"],
            version=turn["version"],
            announced=turn["announced"],
            window=Window(turn["horizon"], turn["span"]) if turn.get("horizon") else None,
        )

    def take(self, turn: Turn, window: Window | None) -> Turn | None:
        """Puts a turn last in the rotation, with the `window` in which to look next; returns it as it is now.

        None if another process has it, or something was announced since it was read.
        """
        taken = replace(turn, version=ObjectId(), window=window)
        place = {"horizon": window.end if window else None, "span": window.span if window else None}
        update = {"version": taken.version, "taken_at": microseconds(random.randrange(1000)), **place}
        return taken if self._loose.update_one(turn.as_read, [{"$set": update}]).modified_count else None

    def _choose(self, type_: str, found: list[dict[str, Any]]) -> dict[str, Any]:
        before = self._passed_over.get(type_, {})
        passed_over = {turn["_id"]: before.get(turn["_id"], 0) + 1 for turn in found}
        overdue = [turn for turn in found if passed_over[turn["_id"]] > SPREAD]
        chosen = overdue[0] if overdue else random.choice(found)
        del passed_over[chosen["_id"]]
        self._passed_over[type_] = passed_over
        return chosen

    def drop(self, turn: Turn) -> None:
        """Ends a namespace's turns when no job is ready there; does nothing if one was announced since it was read."""
        self._loose.delete_one(turn.as_read)

    def hold(self, turn: Turn) -> None:
        """Takes the namespace out of the rotation; does nothing if a job was announced since it was read."""
        self._loose.update_one(turn.as_read, {"$set": {"held": True, "version": ObjectId()}})

    def release(self, namespace: str) -> None:
        """Puts the held turns of a namespace back, last in the rotation."""
        self._loose.update_many(
            {"namespace": namespace, "held": True},
            [{"$set": {"held": False, "version": ObjectId(), "taken_at": microseconds()}}],
        )

    def held_namespaces(self) -> set[str]:
        """The namespaces that have a held turn."""
        return {turn["namespace"] for turn in self._turns.find({"held": True}, {"namespace": 1})}


def turn_id(type_: str, namespace: str) -> str:
    """The `_id` of a namespace's turn."""
    return f"{type_}:{namespace}"
