"""What every type of job has: a request for its child, and a way to store what the child found."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from bson.objectid import ObjectId
from libcache.answers import Answer, AnswerKey, Answers
from libcache.assets import Assets
from libcache.plans import Plans
from libcache.records import Record, Records
from libcache.scratch import Scratch
from libcache.usage import Usage
from libcommon.errors import CodedError
from libqueue.model import Claim
from libqueue.queue import Queue

from worker.execution import Result
from worker.settings import WorkerSettings


@dataclass(frozen=True, slots=True)
class Stores:
    """Where results go."""

    queue: Queue
    records: Records
    answers: Answers
    plans: Plans
    assets: Assets
    usage: Usage
    staging: Scratch


class Job(ABC):
    """One attempt at a job, under a record with a fence of its own.

    `event_at` is when the event came that the answer it stores is the first after; None where there is none such.
    `origin` says where the job comes from; jobs that it queues carry it on. See `libqueue.model.Claim`.

    Storing may be cut off at any point and done again by a later attempt. What may take as long as a lease calls
    `keep` now and then, which holds the lease and raises `LeaseLostError` when that is lost.
    """

    def __init__(
        self, claim: Claim, record: Record, stores: Stores, settings: WorkerSettings, keep: Callable[[], object]
    ) -> None:
        self.key = claim.key
        self.priority = claim.priority
        self.origin = claim.payload
        self.claimed_event_at = claim.event_at
        self.event_at: datetime | None = None
        self.record = record
        self.stores = stores
        self.settings = settings
        self.keep = keep

    def note_preview(self, record: Record) -> None:
        """Brings the record's note of whether there is a good first page up to date."""
        while True:
            preview = self.stores.answers.has_preview(record)
            self.stores.records.set_preview(record, preview)
            # Another job of the dataset may have looked before and written after.
            if self.stores.answers.has_preview(record) == preview:
                return

    def write_answer(self, key: AnswerKey, answer: Answer, record: Record, place: ObjectId | None = None) -> None:
        """Stores an answer, one with assets in its `place`.

        Raises:
            SupersededError: a later attempt has stored its own, or the place was closed.
        """
        origin = self.origin.get("traceparent")
        if not self.stores.answers.write(key, answer, record, record.revision, traceparent=origin, place=place):
            raise SupersededError

    @abstractmethod
    def is_needed(self) -> bool:
        """Whether there is something to do; what was asked for may be done, or gone, by now."""

    @abstractmethod
    def request(self, staging: Path | None) -> dict[str, Any]:
        """What the child is asked; it holds the token."""

    def stage(self, name: str) -> Path | None:
        """A staging folder, for jobs that write media files."""
        return None

    @abstractmethod
    def store(self, result: Result, staging: Path | None) -> str | None:
        """Stores what the child found; returns the code of the error that it stored instead, if it did.

        Raises:
            SupersededError: a later attempt, or an event, made the result worthless.
            LeaseLostError: another worker has the job or may have it, or it was cancelled.
        """

    @abstractmethod
    def store_error(self, error: CodedError) -> None:
        """Stores an error as the job's answer.

        Raises:
            SupersededError: a later attempt, or an event, made the error worthless.
        """


class SupersededError(Exception):
    """The result is not wanted any more: drop it."""
