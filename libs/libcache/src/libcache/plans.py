"""Plans: what a listing found out about how each config's rows are read, for the jobs that read them.

A plan is read only where it was made of the content that the record has now. Whoever finds none can do without.
"""

import gzip
from collections.abc import Callable, Mapping
from itertools import islice
from typing import Any

import orjson
from bson.binary import Binary
from libcommon.jsons import dumps
from pymongo import UpdateOne
from pymongo.database import Database
from pymongo.errors import BulkWriteError

from libcache.records import Record

# Most are small: the fastest level does.
_COMPRESSION_LEVEL = 1
# A batch of writes takes a fraction of what a connection is given to answer.
_BATCH = 100
_DUPLICATE_KEY = 11000


class Plans:
    """The plans of one cache database. What they say is for the reader to know; here they are JSON."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._plans = database["plans"]

    def write(self, record: Record, files: Any, plans: Mapping[str, Any], *, between: Callable[[], object]) -> None:
        """Stores what holds for the whole dataset, and the plan of each config, in place of those of earlier listings.

        `between` is called before each batch of writes, which may take long. What a later listing wrote stays.
        """
        documents = iter([(None, files), *plans.items()] if record.signature is not None and plans else [])
        while batch := list(islice(documents, _BATCH)):
            between()
            try:
                self._plans.bulk_write([_upsert(record, config, content) for config, content in batch], ordered=False)
            except BulkWriteError as error:
                if any(failed["code"] != _DUPLICATE_KEY for failed in error.details["writeErrors"]):
                    raise
        self.drop_before(record)

    def read(self, record: Record, config: str) -> tuple[Any, Any] | None:
        """What holds for the whole dataset, and the plan of a config; None unless both are of the record's content."""
        found = list(self._plans.find({"dataset": record.dataset, "config": {"$in": [None, config]}}))
        of = {
            plan["config"]: plan
            for plan in found
            if plan["generation"] == record.generation and plan["signature"] == record.signature
        }
        if record.signature is None or of.keys() != {None, config}:
            return None
        return _content(of[None]), _content(of[config])

    def remove(self, dataset: str) -> None:
        """Removes those of a dataset."""
        self._plans.delete_many({"dataset": dataset})

    def drop_before(self, record: Record) -> None:
        """Removes what earlier listings wrote."""
        self._plans.delete_many({"dataset": record.dataset, "fence": {"$lt": record.fence}})


def _upsert(record: Record, config: str | None, content: Any) -> UpdateOne:
    fields = {
        "generation": record.generation,
        "signature": record.signature,
        "fence": record.fence,
        "content": Binary(gzip.compress(dumps(content), _COMPRESSION_LEVEL, mtime=0)),
    }
    which = {"dataset": record.dataset, "config": config, "fence": {"$lt": record.fence}}
    return UpdateOne(which, {"$set": fields}, upsert=True)


def _content(plan: Mapping[str, Any]) -> Any:
    return orjson.loads(gzip.decompress(plan["content"]))
