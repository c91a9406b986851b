"""The job that asks the Hub what a dataset is now, lists its configs and splits, and queues a job for each split.

What is listed already, and made of the same content, is not listed again: its answers get the new revision.
"""

from pathlib import Path
from typing import Any

from libcache.answers import Answer, AnswerKey, Kind
from libcache.records import Record
from libcache.schema import Visibility
from libcommon.errors import CATALOGUE, CodedError
from libcommon.jsons import dumps
from libqueue.model import JobKey

from worker.execution import Result, coded
from worker.jobs.base import Job, SupersededError

# A batch takes a fraction of the shortest lease that makes sense.
_BATCH = 25
_GONE = {
    Visibility.MISSING: "The dataset does not exist on the Hub, or this server's token may not read it.",
    Visibility.DISABLED: "The dataset is disabled on the Hub.",
}


class DatasetsJob(Job):
    """Keeps the record, the /splits answer and the queue of one dataset as the Hub says."""

    def is_needed(self) -> bool:
        return True

    def request(self, staging: Path | None) -> dict[str, Any]:
        listing = self.stores.answers.listing(self.record)
        return {
            "dataset": self.key.dataset,
            "listed": [self.record.visibility.value, listing.signature] if listing else None,
            "endpoint": self.settings.hf_endpoint,
            "token": self.settings.hf_token,
        }

    def store(self, result: Result, staging: Path | None) -> str | None:
        message = result.message
        visibility = Visibility(message["visibility"])
        record = self.stores.records.observe(
            self.record, visibility, message["revision"], message["signature"], event_at=self.claimed_event_at
        )
        if record is None:
            raise SupersededError
        if record.revision != self.record.revision:
            self.event_at = record.event_at
        if visibility in _GONE or visibility is Visibility.MOVED:
            text = _GONE.get(visibility) or f"The dataset has another name now: {message['moved_to']}. Ask for that."
            return self._store_listing_error(record, CodedError("DatasetNotFoundError", text))
        if "same_content" in message:
            return self._relabel(record)
        if "listing_error" in message:
            return self._store_listing_error(record, coded(message["listing_error"]))
        self.stores.plans.write(record, message["sizes"], message["plans"], between=self.keep)
        self._store_listing(record, message["splits"], message["failed"])
        return None

    def store_error(self, error: CodedError) -> None:
        """An error of the Hub or the server: whatever the dataset is now, its answers stay, as stale."""
        self._write(Answer.of_error(error), self.record)

    def _write(self, answer: Answer, record: Record) -> None:
        self.write_answer(AnswerKey(Kind.SPLITS, self.key.dataset), answer, record)

    def _store_listing_error(self, record: Record, error: CodedError) -> str:
        self._write(Answer.of_error(error), record)
        self._keep_only(record, [])
        self.stores.plans.drop_before(record)
        return error.code

    def _relabel(self, record: Record) -> str | None:
        self.stores.answers.relabel(record, between=self.keep)
        listing = self.stores.answers.listing(record)
        if listing is None or listing.revision != record.revision:
            # An attempt that was taken over has written another one meanwhile: once more.
            self.stores.queue.add(self.key, payload=self.origin)
            raise SupersededError
        self._queue_missing(record, listing.splits)
        return listing.code

    def _store_listing(self, record: Record, splits: list[list[Any]], failed: list[list[Any]]) -> None:
        self._write(splits_answer(self.key.dataset, splits, failed), record)
        self._queue_missing(record, [(config, split) for config, split, *_ in splits])

    def _queue_missing(self, record: Record, listed: list[tuple[str, str]]) -> None:
        fresh = self.stores.answers.fresh_splits(record)
        stale = [pair for pair in listed if pair not in fresh]
        keys = [JobKey("splits", self.key.dataset, config, split) for config, split in stale]
        for begin in range(0, len(keys), _BATCH):
            self.keep()
            batch = keys[begin : begin + _BATCH]
            self.stores.queue.add_many(batch, priority=self.priority, payload=self.origin)
        self.keep()
        self._keep_only(record, listed)

    def _keep_only(self, record: Record, listed: list[tuple[str, str]]) -> None:
        # Jobs of splits that are gone find that out when they start: deleting them here could hit those that a later
        # attempt has queued.
        self.stores.answers.drop_first_rows(record, keep=listed, between=self.keep)
        self.stores.assets.remove_generations_before(record)
        self.note_preview(record)


def splits_answer(dataset: str, splits: list[list[Any]], failed: list[list[Any]]) -> Answer:
    """The /splits answer: `splits` are [config, split, bytes, examples], `failed` are [config, error].

    When all configs failed, it is the first one's error.
    """
    if failed and not splits:
        return Answer.of_error(coded(failed[0][1]))
    body = bytearray(b'{"splits":[')
    configs: list[list[Any]] = []
    for number, (config, split, num_bytes, num_examples) in enumerate(splits):
        body += b"," if number else b""
        begin = len(body)
        body += dumps(
            {
                "dataset": dataset,
                "config": config,
                "split": split,
                "num_bytes": num_bytes,
                "num_examples": num_examples,
            }
        )
        if configs and configs[-1][0] == config:
            configs[-1][2] = len(body)
        else:
            configs.append([config, begin, len(body), 200, None])
    body += b'],"pending":[],"failed":['
    for number, (config, error) in enumerate(failed):
        body += b"," if number else b""
        body += dumps({"dataset": dataset, "config": config})[:-1] + b',"error":'
        begin = len(body)
        body += dumps(error["body"])
        configs.append([config, begin, len(body), CATALOGUE[error["code"]].status, error["code"]])
        body += b"}"
    body += b"]}"
    return Answer(
        bytes(body),
        configs=configs,
        splits=[[config, split] for config, split, *_ in splits],
    )
