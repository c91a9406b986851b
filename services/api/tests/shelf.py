"""What the api serves, written to its databases and its assets directory as the workers do."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from libcache.answers import Answer, AnswerKey, Answers, Kind
from libcache.assets import Assets, url_prefix
from libcache.records import Record, Records
from libcache.schema import Visibility
from libcommon.errors import CodedError
from libcommon.jsons import dumps
from libcommon.mongo import OPTIONS
from libqueue.model import JobKey
from pymongo import MongoClient

REVISION = "a" * 40
NEXT_REVISION = "b" * 40
PICTURE = b"not really a picture"


class Shelf:
    """Writes records, answers and assets of the databases whose names begin with `prefix`, as the workers do.

    `scratch` is for files of its own.
    """

    def __init__(self, mongo_url: str, prefix: str, assets: Assets, scratch: Path) -> None:
        self.client = MongoClient[dict[str, Any]](mongo_url, **OPTIONS)
        self.cache_name = f"{prefix}_cache"
        cache = self.client[self.cache_name]
        self.jobs = self.client[f"{prefix}_queue"]["jobs"]
        self.records = Records(cache)
        self.answers = Answers(cache)
        self._assets = assets
        self._scratch = scratch

    def job(self, key: JobKey) -> dict[str, Any] | None:
        """The job of this key, if one is in the queue."""
        return self.jobs.find_one({"_id": str(key)})

    def observe(
        self, dataset: str, visibility: Visibility = Visibility.PUBLIC, revision: str | None = REVISION
    ) -> Record:
        """The record of a dataset, after a job that found it so."""
        record = self.records.observe(self.records.raise_fence(dataset), visibility, revision)
        assert record is not None
        return record

    def list_splits(self, record: Record, configs: Mapping[str, Sequence[str] | CodedError]) -> bytes:
        """Stores the answer to /splits: the splits of each config, or why it has none. Returns its body."""
        good, failed = bytearray(), bytearray()
        places: list[tuple[str, bool, int, int, int, str | None]] = []
        splits: list[list[str]] = []
        for config, found in configs.items():
            names = {"dataset": record.dataset, "config": config}
            if isinstance(found, CodedError):
                entry = dumps(found.body())
                failed += (b"," if failed else b"") + dumps(names)[:-1] + b',"error":'
                places.append((config, False, len(failed), len(failed) + len(entry), found.entry.status, found.code))
                failed += entry + b"}"
            else:
                entry = b",".join(dumps({**names, "split": s, "num_bytes": None, "num_examples": None}) for s in found)
                good += b"," if good else b""
                places.append((config, True, len(good), len(good) + len(entry), 200, None))
                good += entry
                splits += [[config, split] for split in found]
        head, middle = b'{"splits":[', b'],"pending":[],"failed":['
        body = head + bytes(good) + middle + bytes(failed) + b"]}"
        start = {True: len(head), False: len(head) + len(good) + len(middle)}
        entries = [[name, start[is_good] + b, start[is_good] + e, *rest] for name, is_good, b, e, *rest in places]
        self._write(record, AnswerKey(Kind.SPLITS, record.dataset), Answer(body, configs=entries, splits=splits))
        return body

    def write_first_rows(
        self,
        record: Record,
        config: str,
        split: str,
        rows: Sequence[Mapping[str, Any]],
        *,
        total: int | None = None,
        assets: Sequence[str] = (),
    ) -> bytes:
        """Stores the answer to /first-rows; `total` is how many rows the split has, if not these, and `assets` are
        the URLs in them. Returns its body.
        """
        partial = total is not None and total > len(rows)
        columns = list(rows[0]) if rows else []
        features = dumps([{"feature_idx": i, "name": name, "type": {}} for i, name in enumerate(columns)])
        names = dumps({"dataset": record.dataset, "config": config, "split": split})[:-1]
        body = names + b',"features":'
        span = (len(body), len(body) + len(features))
        body += features + b',"rows":['
        offsets = [len(body)]
        for index, row in enumerate(rows):
            body += (b"," if index else b"") + dumps({"row_idx": index, "row": row, "truncated_cells": []})
            offsets.append(len(body) + 1)
        body += b'],"truncated":' + dumps(partial) + b"}"
        answer = Answer(
            body,
            features_span=span,
            row_offsets=offsets,
            asset_ends=sorted(body.index(url.encode()) + len(url) for url in assets),
            num_rows_total=len(rows) if total is None else total,
            partial=partial,
        )
        self._write(record, AnswerKey(Kind.FIRST_ROWS, record.dataset, config, split), answer)
        self.records.set_preview(record, True)
        return body

    def write_error(self, record: Record, key: AnswerKey, error: CodedError) -> None:
        """Stores an error as the answer, or marks the good one that stands as stale."""
        self._write(record, key, Answer.of_error(error))

    def fail_listing(self, record: Record) -> None:
        """Stores an error with a cause as the answer to /splits."""
        error = CodedError(
            "StreamingRowsError", "It can't be read.", cause_exception="ValueError", cause_message="no rows"
        )
        self.write_error(record, AnswerKey(Kind.SPLITS, record.dataset), error)

    def write_asset(self, record: Record, content: bytes, name: str) -> str:
        """Stores a media file. Returns the path of its URL."""
        staging = self._assets.staging(self._scratch) / name
        staging.mkdir(parents=True, exist_ok=True)
        (staging / name).write_bytes(content)
        self._assets.publish(staging, record, [name], lambda: None)
        return f"{url_prefix('', record)}/{name}"

    def write_pictures(
        self, record: Record, count: int = 1, *, config: str = "default", split: str = "train"
    ) -> list[str]:
        """Stores first rows with a picture each, and the pictures. Returns the paths of their URLs."""
        names = [f"{index:016x}.png" for index in range(count)]
        staging = self._assets.staging(self._scratch) / f"{record.fence}"
        staging.mkdir(parents=True, exist_ok=True)
        for name in names:
            (staging / name).write_bytes(PICTURE)
        self._assets.publish(staging, record, names, lambda: None)
        paths = [f"{url_prefix('', record)}/{name}" for name in names]
        rows = [{"picture": {"src": path, "height": 1, "width": 1}} for path in paths]
        self.write_first_rows(record, config, split, rows, assets=paths)
        return paths

    def fill(self, dataset: str, visibility: Visibility = Visibility.PUBLIC) -> tuple[Record, str]:
        """A dataset with everything: a config `default` with the split `train`, three rows, an asset, whose path is
        returned with the record.
        """
        record = self.observe(dataset, visibility)
        self.list_splits(record, {"default": ["train"]})
        self.write_first_rows(record, "default", "train", [{"n": n} for n in range(3)])
        return record, self.write_asset(record, PICTURE, "0123456789abcdef.png")

    def _write(self, record: Record, key: AnswerKey, answer: Answer) -> None:
        place = self.answers.make_place(key, record) if answer.asset_ends else None
        assert self.answers.write(key, answer, record, record.revision, place=place)
