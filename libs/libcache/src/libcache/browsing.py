"""What operators see of the answers: their labels, never their bodies, in the order of one index."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from itertools import islice, product
from typing import Any, Self

import orjson
from libcommon.errors import CATALOGUE
from pymongo.database import Database

from libcache.answers import AnswerKey, Kind

_ORDER = ("dataset", "config", "split")
_LABELS_INDEX = dict.fromkeys(("code", "kind", *_ORDER, "stale"), 1)


@dataclass(frozen=True, slots=True)
class AnswerCount:
    """How many answers of a kind have a code, None for the good ones, and how many of them are marked stale."""

    kind: Kind
    code: str | None
    answers: int
    stale: int

    @property
    def status(self) -> int:
        """The HTTP status of all of them; 500 for a code that is no more."""
        return 200 if self.code is None else CATALOGUE[self.code].status if self.code in CATALOGUE else 500


@dataclass(frozen=True, slots=True)
class AnswerView:
    """An answer without its body; `code` is None for a good one, `failed_code` is what keeps a stale one from a newer.

    `size` is of the stored body, compressed, in bytes.
    """

    kind: Kind
    dataset: str
    config: str | None
    split: str | None
    status: int
    code: str | None
    stale: bool
    failed_code: str | None
    generation: int
    fence: int
    revision: str | None
    size: int
    written_at: datetime

    @classmethod
    def of(cls, document: dict[str, Any]) -> Self:
        """The view of a document of the collection `answers` that has its `size`."""
        return cls(**{**_named(cls, document), "kind": Kind(document["kind"])})

    @property
    def key(self) -> AnswerKey:
        """Which answer it is."""
        return AnswerKey(self.kind, self.dataset, self.config, self.split)


@dataclass(frozen=True, slots=True)
class Bookmark:
    """Where a walk over answers goes on: after the answer of this code, kind, dataset, config and split."""

    code: str | None
    kind: Kind
    dataset: str
    config: str | None
    split: str | None

    @classmethod
    def parse(cls, text: str) -> Self:
        """The place that `str` of it gave.

        Raises:
            ValueError: nothing gave that.
        """
        match orjson.loads(text):
            case [str() | None as code, str() as kind, str() as dataset, str() | None as config, str() | None as split]:
                return cls(code, Kind(kind), dataset, config, split)
        raise ValueError("no bookmark")

    def __str__(self) -> str:
        return orjson.dumps([self.code, self.kind, self.dataset, self.config, self.split]).decode()

    @classmethod
    def after(cls, view: AnswerView) -> Self:
        """The place after an answer."""
        return cls(view.code, view.kind, view.dataset, view.config, view.split)

    @property
    def names(self) -> tuple[str, str, str]:
        """Its place among the answers of its code and kind."""
        return self.dataset, self.config or "", self.split or ""


@dataclass(frozen=True, slots=True)
class PassView:
    """A pass over everything there is, such as the comparison with the Hub: `phase` is None between two of them.

    `failures` counts those of the step that is tried, one after the other.
    """

    name: str
    phase: str | None
    owner: str | None
    started_at: datetime | None
    finished_at: datetime | None
    failures: int


class Browsing:
    """The views of one cache database. Every method may raise `pymongo.errors.PyMongoError`."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._answers = database["answers"]
        self._datasets = database["datasets"]
        self._passes = database["passes"]

    def passes(self) -> list[PassView]:
        """How far each kind of pass has come."""
        found: list[dict[str, Any]] = list(self._passes.find().sort("_id"))
        return [PassView(**{**_named(PassView, each), "name": each["_id"]}) for each in found]

    def counts(self) -> list[AnswerCount]:
        """Counts the answers of each kind and code. It reads an index from its beginning to its end."""
        groups = self._answers.aggregate(
            [
                {"$group": {"_id": {"kind": "$kind", "code": "$code", "stale": "$stale"}, "answers": {"$sum": 1}}},
                {"$sort": {"_id": 1}},
            ],
            # Or it would read all bodies.
            hint=_LABELS_INDEX,
        )
        counts: dict[tuple[str, str | None], list[int]] = {}
        for group in groups:
            label = group["_id"]
            count = counts.setdefault((label["kind"], label.get("code")), [0, 0])
            count[0] += group["answers"]
            count[1] += group["answers"] if label["stale"] else 0
        return [AnswerCount(Kind(kind), code, *count) for (kind, code), count in counts.items()]

    def datasets(self) -> dict[str, int]:
        """Counts the datasets of each visibility."""
        groups = self._datasets.aggregate([{"$group": {"_id": "$visibility", "count": {"$sum": 1}}}])
        return {group["_id"]: group["count"] for group in groups}

    def answers(
        self, codes: Sequence[str | None], kinds: Sequence[Kind], *, after: Bookmark | None, limit: int
    ) -> list[AnswerView]:
        """The next `limit` answers that have one of the codes (None: the good ones) and kinds."""
        buckets = list(product(codes, kinds))
        if after is not None:
            buckets = buckets[buckets.index((after.code, after.kind)) :]
        return list(islice(self._walk(buckets, after, limit), limit))

    def of_dataset(self, dataset: str, *, limit: int) -> list[AnswerView]:
        """The first `limit` answers of a dataset."""
        return [AnswerView.of(answer) for answer in self._select({"dataset": dataset}, limit)]

    def _walk(
        self, buckets: Sequence[tuple[str | None, Kind]], after: Bookmark | None, limit: int
    ) -> Iterator[AnswerView]:
        for code, kind in buckets:
            wanted: dict[str, Any] = {"code": code, "kind": kind.value}
            begin = after if after is not None and (after.code, after.kind) == (code, kind) else None
            if begin is None:
                yield from map(AnswerView.of, self._select(wanted, limit))
                continue
            # Those of the dataset itself may be many, but fewer than a cursor's worth of work.
            same = map(AnswerView.of, self._select({**wanted, "dataset": begin.dataset}, 0))
            yield from (view for view in same if Bookmark.after(view).names > begin.names)
            yield from map(AnswerView.of, self._select({**wanted, "dataset": {"$gt": begin.dataset}}, limit))

    def _select(self, wanted: dict[str, Any], limit: int) -> Iterator[dict[str, Any]]:
        shown = {field.name: 1 for field in fields(AnswerView) if field.name != "size"}
        found = self._answers.find(wanted, {**shown, "size": {"$binarySize": "$body"}})
        return found.sort([(name, 1) for name in _ORDER]).limit(limit)


def _named(view: type[Any], document: dict[str, Any]) -> dict[str, Any]:
    return {field.name: document.get(field.name) for field in fields(view)}
