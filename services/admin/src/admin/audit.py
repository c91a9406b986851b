"""The record of changes: who asked for which, when, and what came of it. It is written before the change and completed
after it, so that one which was cut off is there too.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bson import ObjectId
from libcache.schema import ALIAS
from libqueue.clock import after
from mongoengine import DateTimeField, DictField, Document, StringField
from pymongo.database import Database

BEGUN, DONE, FAILED = "begun", "done", "failed"


class AuditDocument(Document):  # type: ignore[misc]
    """One change."""

    who = StringField(required=True)
    verb = StringField(required=True)
    parameters = DictField(required=True)
    dataset = StringField()
    outcome = StringField(required=True)
    result = DictField()
    at = DateTimeField(required=True)
    expires_at = DateTimeField(required=True)

    meta = {  # noqa: RUF012
        "db_alias": ALIAS,
        "collection": "audit",
        "auto_create_index": False,
        "indexes": [
            {"fields": ["at"]},
            {"fields": ["dataset", "at"]},
            {"fields": ["expires_at"], "expireAfterSeconds": 0},
        ],
    }


@dataclass(frozen=True, slots=True)
class Change:
    """A change as it was noted. `outcome` is `begun` where it still goes on, or was cut off."""

    at: datetime
    who: str
    verb: str
    parameters: dict[str, Any]
    outcome: str
    result: dict[str, Any]


class Audit:
    """The record of one installation. Every method may raise `pymongo.errors.PyMongoError`."""

    def __init__(self, database: Database[dict[str, Any]], keep_seconds: int) -> None:
        AuditDocument.ensure_indexes()
        self._audit = database["audit"]
        self._keep_seconds = keep_seconds

    @contextmanager
    def noted(self, who: str, verb: str, parameters: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Notes a change that is made in the block; what is put into the given dictionary is its result."""
        key, result = ObjectId(), dict[str, Any]()
        fields = {"who": who, "verb": verb, "parameters": parameters, "dataset": parameters.get("dataset")}
        literals = {name: {"$literal": value} for name, value in fields.items()}
        times = {"at": "$$NOW", "expires_at": after(self._keep_seconds)}
        self._audit.update_one({"_id": key}, [{"$set": {**literals, **times, "outcome": BEGUN}}], upsert=True)
        outcome = FAILED
        try:
            yield result
            outcome = DONE
        finally:
            self._audit.update_one({"_id": key}, {"$set": {"outcome": outcome, "result": result}})

    def list(self, *, dataset: str | None, offset: int, limit: int) -> list[Change]:
        """The latest changes first, of all or of one dataset."""
        wanted = {"dataset": dataset} if dataset is not None else {}
        found = self._audit.find(wanted).sort("at", -1).skip(offset).limit(limit)
        return [
            Change(each["at"], each["who"], each["verb"], each["parameters"], each["outcome"], each.get("result") or {})
            for each in found
        ]


def actor(kind: str, name: str) -> str:
    """Who made a change, in one word that a terminal can show."""
    return f"{kind}:{re.sub(r'[^A-Za-z0-9@._-]', '?', name)}"
