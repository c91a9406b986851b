"""Answers: the bytes that a client gets, stored compressed, with the places of their parts.

A write is one conditional upsert: it takes effect only where the answer that stands has a lower fence. A reader
therefore sees an old whole answer or a new whole one.
"""

import gzip
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from itertools import islice
from typing import Any

from bson.binary import Binary
from bson.objectid import ObjectId
from libcommon.digests import digest_of
from libcommon.errors import CATALOGUE, CodedError, Fault
from libcommon.jsons import dumps
from pymongo import DeleteOne, UpdateOne
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from libcache.records import Record

_COMPRESSION_LEVEL = 6
# The one error of the data that isn't about a dataset's content but about who may read it.
_ABOUT_ACCESS = "DatasetNotFoundError"
# What tells which answer it is and of what; all but its bytes.
_LABELS = ("kind", "dataset", "config", "split", "generation", "fence", "revision", "signature", "code", "stale")
# A batch of writes takes a fraction of what a connection is given to answer.
_BATCH = 100


def _nothing() -> None:
    pass


class Kind(StrEnum):
    """Which endpoint an answer is for."""

    SPLITS = "splits"
    FIRST_ROWS = "first-rows"


@dataclass(frozen=True, slots=True)
class AnswerKey:
    """Of each key there is at most one answer."""

    kind: Kind
    dataset: str
    config: str | None = None
    split: str | None = None

    @property
    def filter(self) -> dict[str, Any]:
        """The filter that matches its document."""
        return {"kind": self.kind.value, "dataset": self.dataset, "config": self.config, "split": self.split}


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer to store. All offsets are in bytes of the uncompressed `body`.

    First rows: `features_span` is where the array of features begins and ends; row i is
    `body[row_offsets[i]:row_offsets[i + 1] - 1]`, so rows i to j - 1 with their commas are
    `body[row_offsets[i]:row_offsets[j] - 1]`. `asset_ends` are the places just after each asset's URL; all are of the
    attempt that writes the answer.

    Splits: `splits` lists every [config, split] there is; `configs` has [name, begin, end, status, code] for each
    config: where its entries in the body's `splits` are or, when its status isn't 200, where its error's body is.
    """

    body: bytes
    status: int = 200
    code: str | None = None
    features_span: tuple[int, int] | None = None
    row_offsets: list[int] = field(default_factory=list)
    asset_ends: list[int] = field(default_factory=list)
    configs: list[list[Any]] = field(default_factory=list)
    splits: list[list[str]] = field(default_factory=list)
    num_rows_total: int | None = None
    partial: bool = False

    @classmethod
    def of_error(cls, error: CodedError) -> "Answer":
        """The answer that tells a client of `error`."""
        return cls(body=dumps(error.body()), status=error.entry.status, code=error.code)

    @property
    def asset_names(self) -> frozenset[str]:
        """The names of the files that it points to."""
        return frozenset(self.body[self.body.rfind(b"/", 0, end) + 1 : end].decode() for end in self.asset_ends)


_NOT_READY = Answer.of_error(CodedError("ResponseNotReady", "The answer is not stored yet: ask again in a moment."))
_NEVER = datetime.fromtimestamp(0, UTC)


@dataclass(frozen=True, slots=True)
class Listing:
    """A stored /splits answer that another run would not change, and what it lists; nothing if it is an error."""

    revision: str | None
    signature: str | None
    code: str | None
    splits: list[tuple[str, str]]


class Answers:
    """The answers of one cache database."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._answers = database["answers"]

    def write(
        self,
        key: AnswerKey,
        answer: Answer,
        record: Record,
        revision: str | None,
        *,
        traceparent: str | None = None,
        place: ObjectId | None = None,
    ) -> bool:
        """Stores an answer made under `record`; False if a later claim wrote its own already (then drop yours).

        `traceparent` is the trace that it was made in, as https://www.w3.org/TR/trace-context/ writes it. One with
        assets needs the `place` that `make_place` gave before they were published: False if that was closed or removed
        since.

        An error that isn't the data's fault never replaces a good answer of the same generation: that one is
        marked stale.
        """
        if answer.code is not None and CATALOGUE[answer.code].fault is not Fault.DATA:
            standing = self._answers.find_one(key.filter, {"status": 1, "generation": 1})
            if standing and standing["status"] == 200 and standing["generation"] == record.generation:
                failure = {"stale": True, "failed_code": answer.code, "failed_revision": revision}
                return self._upsert(key, record, failure, insert=False)
        return self._upsert(
            key,
            record,
            {
                **_content(answer),
                "generation": record.generation,
                "revision": revision,
                "signature": record.signature if _is_about_content(answer.code) else None,
                "traceparent": traceparent,
                "stale": False,
                "assets_fence": record.fence if answer.asset_ends else None,
            },
            place=place,
            insert=not answer.asset_ends,
        )

    def make_place(self, key: AnswerKey, record: Record) -> ObjectId:
        """The document that an answer is to be stored in by a change of it, made if there is none.

        So, removing or closing it keeps everybody who has published assets until then from storing theirs.
        """
        nothing = {
            **_content(_NOT_READY),
            # Of no generation that any record has: nobody reads it.
            "generation": 0,
            "fence": record.fence - 1,
            "revision": None,
            "signature": None,
            "traceparent": None,
            "stale": True,
            "assets_fence": None,
            "written_at": _NEVER,
        }
        with suppress(DuplicateKeyError):  # another process made it
            self._answers.update_one(key.filter, {"$setOnInsert": nothing}, upsert=True)
        found = self._answers.find_one(key.filter, {"_id": 1})
        # One that is gone again is nobody's.
        return found["_id"] if found else ObjectId()

    def close(self, dataset: str, fence: int) -> None:
        """From now on no attempt at the rows of a split with this fence or a lower one stores an answer with assets."""
        self._answers.update_many(
            {"kind": Kind.FIRST_ROWS.value, "dataset": dataset, "fence": {"$lt": fence}}, {"$set": {"fence": fence}}
        )

    def _upsert(
        self,
        key: AnswerKey,
        record: Record,
        fields: dict[str, Any],
        *,
        place: ObjectId | None = None,
        insert: bool = True,
    ) -> bool:
        in_place = {} if place is None else {"_id": place}
        try:
            written = self._answers.update_one(
                {**key.filter, **in_place, "fence": {"$lt": record.fence}},
                {"$set": {**fields, "fence": record.fence}, "$currentDate": {"written_at": True}},
                upsert=insert,
            )
        except DuplicateKeyError:
            return False
        return bool(written.matched_count or written.upserted_id)

    def asset_folders(self, dataset: str) -> set[tuple[int, int]]:
        """The generation and fence of each folder of assets that an answer of the dataset points to."""
        # An index has all of it.
        found = self._answers.find({"dataset": dataset}, {"_id": 0, "generation": 1, "assets_fence": 1})
        return {(answer["generation"], answer["assets_fence"]) for answer in found if answer.get("assets_fence")}

    def with_assets(self) -> Iterator[tuple[AnswerKey, int]]:
        """The key and generation of each answer that points to assets."""
        found = self._answers.find({"kind": Kind.FIRST_ROWS.value}, dict.fromkeys((*_LABELS, "assets_fence"), 1))
        # Somebody looks at files between two of them, and a cursor doesn't live long without being asked.
        found = found.batch_size(_BATCH)
        return ((_key_of(answer), answer["generation"]) for answer in found if answer.get("assets_fence"))

    def asset_paths(self, key: AnswerKey, generation: int) -> frozenset[str]:
        """What follows `/assets/` in the URLs of an answer's assets; none if it is of another generation by now."""
        found = self._answers.find_one(key.filter, {"body": 1, "asset_ends": 1, "generation": 1})
        if found is None or found["generation"] != generation or not found["asset_ends"]:
            return frozenset()
        body = gzip.decompress(found["body"])
        urls = (body[body.rfind(b'"', 0, end) + 1 : end].decode() for end in found["asset_ends"])
        return frozenset(f"{key.dataset}/--/{url.rpartition('/--/')[2]}" for url in urls)

    def is_listed(self, record: Record, config: str | None, split: str | None) -> bool:
        """Whether the good listing of this generation has the split."""
        key = AnswerKey(Kind.SPLITS, record.dataset)
        # The server looks it up: a listing may be long, and each job of its dataset asks.
        is_in_it = {"$in": [{"$literal": [config, split]}, "$splits"]}
        listing = self._answers.find_one(key.filter, {"generation": 1, "is_listed": is_in_it})
        return listing is not None and listing["generation"] == record.generation and bool(listing["is_listed"])

    def is_fresh(self, record: Record, config: str | None, split: str | None) -> bool:
        """Whether a split's answer needs no new run at the record's revision."""
        key = AnswerKey(Kind.FIRST_ROWS, record.dataset, config, split)
        found = self._answers.find_one(key.filter, dict.fromkeys(_LABELS, 1))
        return found is not None and _is_fresh(found, record)

    def revision(self, key: AnswerKey) -> str | None:
        """The revision that an answer is of; None if there is no answer."""
        found = self._answers.find_one(key.filter, {"revision": 1})
        return found["revision"] if found else None

    def fresh_splits(self, record: Record) -> set[tuple[str, str]]:
        """The [config, split] pairs whose answer needs no new run at the record's revision."""
        found = self._answers.find(
            {"kind": Kind.FIRST_ROWS.value, "dataset": record.dataset, "generation": record.generation},
            dict.fromkeys(_LABELS, 1),
        )
        return {(answer["config"], answer["split"]) for answer in found if _is_fresh(answer, record)}

    def listing(self, record: Record) -> Listing | None:
        """The listing of this generation, of whichever revision; None if there is none or it needs a new run."""
        found = self._answers.find_one(
            AnswerKey(Kind.SPLITS, record.dataset).filter, dict.fromkeys((*_LABELS, "splits"), 1)
        )
        if found is None or found["generation"] != record.generation or not _is_final(found):
            return None
        splits = [(config, split) for config, split in found["splits"]]
        return Listing(found["revision"], found.get("signature"), found["code"], splits)

    def given_up(self, record: Record) -> set[tuple[str | None, str | None]]:
        """The [config, split] pairs, None and None for the listing, that the server could not make of the record's
        revision, by a fault of its own.
        """
        of_generation = {"dataset": record.dataset, "generation": record.generation}
        found = self._answers.find(of_generation, dict.fromkeys((*_LABELS, "failed_code", "failed_revision"), 1))
        return {(answer["config"], answer["split"]) for answer in found if _is_given_up(answer, record.revision)}

    def relabel(self, record: Record, *, between: Callable[[], object] = _nothing) -> None:
        """Gives the record's revision to the answers of older ones that are made of just what it has.

        Their assets stay those of the attempts that made them. `between` is called before each batch of them; what it
        raises cuts this off.
        """
        found = self._answers.find({"dataset": record.dataset}, dict.fromkeys(_LABELS, 1), batch_size=_BATCH)
        for batch in _batches(found, between):
            updates = [
                UpdateOne(
                    # By the fence that was read, so that it is still the same answer.
                    {**_key_of(answer).filter, "fence": answer["fence"]},
                    {"$set": {"revision": record.revision, "fence": record.fence}},
                )
                for answer in batch
                if _is_final(answer)
                and answer["generation"] == record.generation
                and answer["revision"] != record.revision
                and answer["fence"] < record.fence
                and answer.get("signature") == record.signature is not None
            ]
            if updates:
                self._answers.bulk_write(updates, ordered=False)

    def mark_stale(self, key: AnswerKey) -> bool:
        """Makes the next job compute an answer anew, whatever it is made of; False if there is none."""
        return self._answers.update_one(key.filter, {"$set": {"stale": True}}).matched_count == 1

    def mark_all_stale(self, dataset: str) -> None:
        """The same for all answers of a dataset."""
        self._answers.update_many({"dataset": dataset}, {"$set": {"stale": True}})

    def remove(self, dataset: str) -> int:
        """Removes all answers of a dataset, whoever wrote them; returns how many there were."""
        return self._answers.delete_many({"dataset": dataset}).deleted_count

    def has_preview(self, record: Record) -> bool:
        """Whether there is a good first page of any split."""
        good = {
            "kind": Kind.FIRST_ROWS.value,
            "dataset": record.dataset,
            "generation": record.generation,
            "status": 200,
        }
        return self._answers.find_one(good, {"_id": 1}) is not None

    def drop_first_rows(
        self,
        record: Record,
        *,
        keep: Collection[tuple[str, str]] = (),
        between: Callable[[], object] = _nothing,
    ) -> None:
        """Removes the first rows of splits that are gone, unless a later claim wrote them.

        `between` is called before each batch of them; what it raises cuts this off.
        """
        kept = set(keep)
        of_splits = {"kind": Kind.FIRST_ROWS.value, "dataset": record.dataset}
        found = self._answers.find(of_splits, dict.fromkeys(_LABELS, 1), batch_size=_BATCH)
        for batch in _batches(found, between):
            gone = [
                DeleteOne({**_key_of(answer).filter, "fence": {"$lt": record.fence}})
                for answer in batch
                if (answer["config"], answer["split"]) not in kept
            ]
            if gone:
                self._answers.bulk_write(gone, ordered=False)


def _content(answer: Answer) -> dict[str, Any]:
    compressed = gzip.compress(answer.body, _COMPRESSION_LEVEL, mtime=0)
    return {
        "status": answer.status,
        "code": answer.code,
        "body": Binary(compressed),
        "digest": digest_of(compressed),
        "features_span": list(answer.features_span or ()),
        "row_offsets": answer.row_offsets,
        "asset_ends": answer.asset_ends,
        "configs": answer.configs,
        "splits": answer.splits,
        "num_rows_total": answer.num_rows_total,
        "partial": answer.partial,
    }


def _batches(found: Iterator[dict[str, Any]], between: Callable[[], object]) -> Iterator[list[dict[str, Any]]]:
    while batch := list(islice(found, _BATCH)):
        between()
        yield batch


def _key_of(answer: Mapping[str, Any]) -> AnswerKey:
    return AnswerKey(Kind(answer["kind"]), answer["dataset"], answer["config"], answer["split"])


def _is_final(answer: Mapping[str, Any]) -> bool:
    """Whether another run at the same revision would find the same."""
    return not answer["stale"] and (answer["code"] is None or CATALOGUE[answer["code"]].fault is Fault.DATA)


def _is_fresh(answer: Mapping[str, Any], record: Record) -> bool:
    """Whether another run for `record` would find the same."""
    return answer["generation"] == record.generation and answer["revision"] == record.revision and _is_final(answer)


def _is_given_up(answer: Mapping[str, Any], revision: str | None) -> bool:
    """Whether the server failed at it, whether or not a good answer stands in its place."""
    names = ("failed_code", "failed_revision") if answer["stale"] else ("code", "revision")
    code, failed_at = (answer.get(name) for name in names)
    return code is not None and failed_at == revision and CATALOGUE[code].fault is Fault.SERVER


def _is_about_content(code: str | None) -> bool:
    return code is None or (CATALOGUE[code].fault is Fault.DATA and code != _ABOUT_ACCESS)
