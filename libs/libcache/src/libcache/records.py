"""The record of a dataset: the one document that says which of its answers are true now.

- `generation` rises whenever something has to vanish at once: a dataset deleted, hidden, moved away. Answers and
  assets carry the generation they were made in and are read only while it is the record's.
- `fence` rises with every claim of a job of the dataset, so of two writers of one answer the later one wins.
- both start at the clock's milliseconds: a record that comes after an expired tombstone can't repeat old numbers.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from libcache.ring import PLACES, place_of, stretch
from libcache.schema import READABLE, Visibility

_TOMBSTONE_MILLISECONDS = 86_400_000
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
# What a webhook that says "this is private now" closes, and what it leaves as it is.
_MORE_OPEN_THAN_PRIVATE = [Visibility.PUBLIC.value, Visibility.GATED.value]
_FIELDS = (
    "dataset",
    "generation",
    "fence",
    "visibility",
    "revision",
    "events",
    "observed_events",
    "closings",
    "signature",
    "seen_at",
    "blocked_at",
    "event_at",
)


@dataclass(frozen=True, slots=True)
class Record:
    """A dataset's record as it was read; a holder of a job got its own `fence` with it."""

    dataset: str
    generation: int
    fence: int
    visibility: Visibility
    revision: str | None
    events: int
    observed_events: int
    closings: int
    signature: str | None = None
    seen_at: datetime | None = None
    blocked_at: datetime | None = None
    event_at: datetime | None = None
    """When the event came that led to the revision; None where no event did."""

    @classmethod
    def of(cls, document: dict[str, Any]) -> "Record":
        """The record in a document of the collection `datasets`."""
        return cls(
            dataset=document["dataset"],
            generation=document["generation"],
            fence=document["fence"],
            visibility=Visibility(document["visibility"]),
            revision=document["revision"],
            events=document["events"],
            observed_events=document["observed_events"],
            closings=document["closings"],
            signature=document.get("signature"),
            seen_at=document.get("seen_at"),
            blocked_at=document.get("blocked_at"),
            event_at=document.get("event_at"),
        )

    @property
    def refreshing(self) -> bool:
        """Whether events came that no finished job has seen."""
        return self.events > self.observed_events

    @property
    def is_blocked(self) -> bool:
        """Whether an operator keeps it from being served and read."""
        return self.blocked_at is not None


class Records:
    """The records of one cache database."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._datasets = database["datasets"]

    def find(self, dataset: str) -> Record | None:
        """The record as it is now; None for a dataset that nobody announced or asked for."""
        document = self._datasets.find_one({"dataset": dataset}, _FIELDS)
        return Record.of(document) if document else None

    def find_many(self, datasets: Sequence[str]) -> dict[str, Record]:
        """The records of those of the datasets that have one, by name."""
        found = self._datasets.find({"dataset": {"$in": list(datasets)}}, _FIELDS)
        return {document["dataset"]: Record.of(document) for document in found}

    def walk(self, begin: int, wanted: int) -> tuple[list[Record], int | None]:
        """About `wanted` records from a place of the ring on, by their places, and where to go on; None at its end."""
        end = begin + stretch(self._datasets.estimated_document_count(), wanted)
        found = self._datasets.find({"place": {"$gte": begin, "$lt": end}}, _FIELDS).sort("place")
        return [Record.of(document) for document in found], end if end < PLACES else None

    def mark_seen(self, datasets: Sequence[str]) -> None:
        """Notes that the Hub's list has these datasets now; names without a record are passed over."""
        self._datasets.update_many({"dataset": {"$in": list(datasets)}}, {"$currentDate": {"seen_at": True}})

    def raise_fence(self, dataset: str) -> Record:
        """The record with a fence that no other claim got or will get; made if there is none.

        Confirm the lease of the job *after* this: then whoever takes the job over gets a higher fence.
        """
        while True:
            record = self.find(dataset)
            if record is None:
                self._insert(dataset)
                continue
            # The place, too: a record that something else made may lack it, and the walk would never come by.
            raised = self._datasets.update_one(
                {"dataset": dataset, "fence": record.fence},
                {"$set": {"fence": record.fence + 1, "place": place_of(dataset)}},
            )
            if raised.modified_count:
                return replace(record, fence=record.fence + 1)

    def raise_fence_to(self, dataset: str, fence: int) -> None:
        """From now on every claim gets a higher fence than this one."""
        self._datasets.update_one({"dataset": dataset}, {"$max": {"fence": fence}})

    def announce(self, dataset: str) -> None:
        """Notes that an event came: answers are stale until a job that starts after now has finished."""
        self._datasets.update_one({"dataset": dataset}, {"$inc": {"events": 1}})

    def close(self, dataset: str) -> None:
        """Takes everything of the dataset away from every reader at once, until a job has asked the Hub."""
        self._close(dataset, True)

    def close_if_more_open_than_private(self, dataset: str) -> None:
        """The same where the dataset is not yet known to be private: its readers are fewer now."""
        self._close(dataset, {"$in": ["$visibility", _MORE_OPEN_THAN_PRIVATE]})

    def block(self, dataset: str) -> bool:
        """Takes everything of the dataset away from every reader at once, until it is unblocked; False if it was
        blocked already. No job does anything for it meanwhile, and its record stays.
        """
        while True:
            record = self.find(dataset)
            if record is None:
                self._insert(dataset)
            elif record.is_blocked:
                return False
            else:
                now = {"blocked_at": "$$NOW", "preview": False, "expires_at": None}
                if self._change(record, [{"$set": {"generation": record.generation + 1, **now}}]):
                    return True

    def unblock(self, dataset: str) -> bool:
        """Ends that, for a job to ask the Hub what the dataset is now; False if it was not blocked."""
        while (record := self.find(dataset)) is not None and record.is_blocked:
            if self._change(record, {"$unset": {"blocked_at": ""}, "$inc": {"events": 1}}):
                return True
        return False

    def _change(self, record: Record, update: Any) -> bool:
        """Whether the record was still of that generation, and is changed."""
        changed = self._datasets.update_one({"dataset": record.dataset, "generation": record.generation}, update)
        return changed.matched_count == 1

    def blocked(self, limit: int) -> list[Record]:
        """The first `limit` datasets to have been blocked that still are."""
        found = self._datasets.find({"blocked_at": {"$gt": _LONG_AGO}}, _FIELDS).sort("blocked_at").limit(limit)
        return [Record.of(document) for document in found]

    def count_blocked(self) -> int:
        """How many datasets are blocked."""
        return self._datasets.count_documents({"blocked_at": {"$gt": _LONG_AGO}})

    def forget(self, dataset: str) -> bool:
        """Closes it, and leaves it to whoever asks for it, or to its next event, to have it read again; False for one
        without a record. The record goes by itself after a day.
        """
        self._close(dataset, True)
        expiry = {"$dateAdd": {"startDate": "$$NOW", "unit": "millisecond", "amount": _TOMBSTONE_MILLISECONDS}}
        forgotten = self._datasets.update_one(
            {"dataset": dataset}, [{"$set": {"observed_events": "$events", "expires_at": expiry}}]
        )
        return forgotten.matched_count == 1

    def _close(self, dataset: str, condition: Any) -> None:
        def closed(name: str, value: Any) -> dict[str, Any]:
            return {name: {"$cond": [condition, value, f"${name}"]}}

        self._datasets.update_one(
            {"dataset": dataset},
            [
                {
                    "$set": {
                        "closings": {"$add": ["$closings", 1]},
                        "events": {"$add": ["$events", 1]},
                        **closed("generation", {"$add": ["$generation", 1]}),
                        **closed("visibility", Visibility.CLOSED.value),
                        **closed("preview", False),
                    }
                }
            ],
        )

    def observe(
        self,
        record: Record,
        visibility: Visibility,
        revision: str | None,
        signature: str | None = None,
        *,
        event_at: datetime | None = None,
    ) -> Record | None:
        """Writes what the Hub said while the holder of `record` ran; a dataset that has fewer readers now gets a new
        generation. `signature` is of what the revision has, `event_at` when the event came that it was asked for.

        None if the record was closed, or observed by a later claim, in between, or if this would open what an event
        closed meanwhile: then throw the result away, a later job knows better.
        """
        generation = record.generation + _hides(record.visibility, visibility)
        gone = visibility not in READABLE
        event_at = event_at if revision != record.revision else record.event_at
        opens = visibility in _MORE_OPEN_THAN_PRIVATE and record.visibility not in _MORE_OPEN_THAN_PRIVATE
        expiry = {"$dateAdd": {"startDate": "$$NOW", "unit": "millisecond", "amount": _TOMBSTONE_MILLISECONDS}}
        observed = self._datasets.update_one(
            {
                "dataset": record.dataset,
                "generation": record.generation,
                **({"closings": record.closings} if opens else {}),
                "observed_fence": {"$lt": record.fence},
            },
            [
                {
                    "$set": {
                        "generation": generation,
                        "observed_fence": record.fence,
                        "visibility": visibility.value,
                        "revision": revision,
                        "signature": signature,
                        "seen_at": "$$NOW",
                        "event_at": event_at,
                        "observed_events": record.events,
                        "expires_at": expiry if gone else None,
                        **({"preview": False} if gone else {}),
                    }
                }
            ],
        )
        if not observed.matched_count:
            return None
        return replace(
            record,
            generation=generation,
            visibility=visibility,
            revision=revision,
            signature=signature,
            observed_events=record.events,
            event_at=event_at,
        )

    def set_preview(self, record: Record, preview: bool) -> None:
        """Notes whether the dataset has a good preview, for the list of those that do."""
        self._datasets.update_one(
            {"dataset": record.dataset, "generation": record.generation}, {"$set": {"preview": preview}}
        )

    def _insert(self, dataset: str) -> None:
        milliseconds = {"$toLong": "$$NOW"}
        try:
            self._datasets.update_one(
                {"dataset": dataset},
                [
                    {
                        "$set": {
                            "generation": {"$ifNull": ["$generation", milliseconds]},
                            "fence": {"$ifNull": ["$fence", milliseconds]},
                            "observed_fence": {"$ifNull": ["$observed_fence", 0]},
                            "visibility": {"$ifNull": ["$visibility", Visibility.UNKNOWN.value]},
                            "revision": {"$ifNull": ["$revision", None]},
                            "events": {"$ifNull": ["$events", 0]},
                            "observed_events": {"$ifNull": ["$observed_events", 0]},
                            "closings": {"$ifNull": ["$closings", 0]},
                            "preview": {"$ifNull": ["$preview", False]},
                            "place": place_of(dataset),
                        }
                    }
                ],
                upsert=True,
            )
        except DuplicateKeyError:
            return  # another process made it


def _hides(before: Visibility, after: Visibility) -> bool:
    """Whether fewer may read now than before, as far as the record tells."""
    order = [Visibility.PUBLIC, Visibility.GATED, Visibility.PRIVATE]
    if before not in order:
        return False
    return after not in order or order.index(after) > order.index(before)
