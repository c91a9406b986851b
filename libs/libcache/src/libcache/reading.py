"""Reading for the api, on the event loop: point reads of records and answers, nothing parsed."""

import gzip
from dataclasses import dataclass
from typing import Any, Self

from libcommon.digests import digest_of
from pymongo.asynchronous.database import AsyncDatabase

from libcache.answers import AnswerKey, Kind
from libcache.records import Record
from libcache.schema import Visibility


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """An answer as it is stored; see `libcache.answers.Answer` for what the offsets are.

    `digest` tells its bytes from all others.
    """

    compressed: bytes
    digest: str
    status: int
    code: str | None
    revision: str | None
    traceparent: str | None
    stale: bool
    features_span: list[int]
    row_offsets: list[int]
    asset_ends: list[int]
    configs: list[list[Any]]
    splits: list[list[str]]
    num_rows_total: int | None
    partial: bool

    @classmethod
    def of(cls, document: dict[str, Any]) -> Self:
        """The answer in a document of the collection `answers`."""
        return cls(
            compressed=document["body"],
            # Those that were written before digests were.
            digest=document.get("digest") or digest_of(document["body"]),
            status=document["status"],
            code=document["code"],
            revision=document["revision"],
            traceparent=document.get("traceparent"),
            stale=document["stale"],
            features_span=document["features_span"],
            row_offsets=document["row_offsets"],
            asset_ends=document["asset_ends"],
            configs=document["configs"],
            splits=document["splits"],
            num_rows_total=document["num_rows_total"],
            partial=document["partial"],
        )

    @property
    def size(self) -> int:
        """How many bytes the body has. Source: RFC 1952, section 2.3.1, `ISIZE`."""
        return int.from_bytes(self.compressed[-4:], "little")

    def body(self) -> bytes:
        """The body as it was before it was compressed with gzip."""
        return gzip.decompress(self.compressed)


class Reader:
    """Reads one cache database. Every method may raise `pymongo.errors.PyMongoError`."""

    def __init__(self, database: AsyncDatabase[dict[str, Any]]) -> None:
        self._datasets = database["datasets"]
        self._answers = database["answers"]

    async def record(self, dataset: str) -> Record | None:
        """What is known of a dataset."""
        document = await self._datasets.find_one({"dataset": dataset})
        return Record.of(document) if document else None

    async def answer(
        self, kind: Kind, record: Record, config: str | None = None, split: str | None = None
    ) -> StoredAnswer | None:
        """The answer that is true now; one of another generation is none."""
        key = AnswerKey(kind, record.dataset, config, split)
        document = await self._answers.find_one(key.filter)
        if document is None or document["generation"] != record.generation:
            return None
        return StoredAnswer.of(document)

    async def has_preview(self, record: Record, config: str | None = None, split: str | None = None) -> bool:
        """Whether there is a good first page of the split, of any split of the config, or of any of the dataset."""
        first_rows: dict[str, Any] = {"kind": Kind.FIRST_ROWS.value, "dataset": record.dataset}
        if config is None:
            good = {**first_rows, "generation": record.generation, "status": 200}
            return await self._answers.find_one(good, {"_id": 1}) is not None
        # A filter on the other fields too would have no index of its own, and the splits of a config are few.
        first_rows["config"] = config
        if split is not None:
            first_rows["split"] = split
        found = self._answers.find(first_rows, {"generation": 1, "status": 1})
        return any([answer["generation"] == record.generation and answer["status"] == 200 async for answer in found])

    async def names_with_preview(self, after: str | None, limit: int) -> list[str]:
        """Public datasets with a good first page, sorted by name, from the first one that sorts after `after`."""
        wanted: dict[str, Any] = {"visibility": Visibility.PUBLIC.value, "preview": True}
        if after is not None:
            wanted["dataset"] = {"$gt": after}
        found = self._datasets.find(wanted, {"dataset": 1}).sort("dataset").limit(limit)
        return [document["dataset"] async for document in found]
