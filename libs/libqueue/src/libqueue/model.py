"""What a job is: its key, its place in the queue, and the claim on it that a worker holds."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Any, Self

import orjson
from bson import ObjectId
from libcommon.names import namespace_of


class Status(StrEnum):
    """A job is in the queue only while it waits or runs. Only a ready one can be claimed."""

    READY = "ready"
    DELAYED = "delayed"  # a retry whose time has not come
    PARKED = "parked"  # its dataset has no free slot, or is paused
    RUNNING = "running"


class Priority(IntEnum):
    """Which job of a namespace goes first: a client's first request, a webhook, a backfill."""

    HIGH = 0
    NORMAL = 1
    LOW = 2


class Outcome(StrEnum):
    """How a job left the queue."""

    DONE = "done"
    FAILED = "failed"
    DEAD = "dead"
    SUPERSEDED = "superseded"


class Setback(StrEnum):
    """Why a job has to run again; each kind is counted in the field of its name."""

    FAILURE = "failures"
    CRASH = "crashes"
    OUT_OF_MEMORY = "out_of_memory"
    TIMEOUT = "timeouts"
    LOST_LEASE = "lost_leases"


@dataclass(frozen=True, slots=True)
class Setbacks:
    """How often each came since the job last ended."""

    failures: int = 0
    crashes: int = 0
    out_of_memory: int = 0
    timeouts: int = 0
    lost_leases: int = 0

    @classmethod
    def of(cls, job: Mapping[str, Any]) -> Self:
        """The counts in a document."""
        return cls(**{setback.value: job[setback.value] for setback in Setback})

    @property
    def child_deaths(self) -> int:
        """How often the job's own process came to grief while its worker lived."""
        return self.crashes + self.out_of_memory + self.timeouts


@dataclass(frozen=True, slots=True)
class JobKey:
    """What a job is about. Of each key at most one run waits and one runs: they are one document."""

    type: str
    dataset: str
    config: str | None = None
    split: str | None = None

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Self:
        """The key in a document that has its four parts."""
        return cls(document["type"], document["dataset"], document["config"], document["split"])

    @property
    def namespace(self) -> str:
        """The namespace whose turns and caps the job counts for."""
        return namespace_of(self.dataset)

    @property
    def literals(self) -> dict[str, Any]:
        """Its parts, for a pipeline update: a name may look like an expression."""
        parts = ("type", "dataset", "config", "split", "namespace")
        return {part: {"$literal": getattr(self, part)} for part in parts}

    def __str__(self) -> str:
        return orjson.dumps([self.type, self.dataset, self.config, self.split]).decode()


@dataclass(frozen=True, slots=True)
class Claim:
    """A running job, held under the `token` of this run: what its holder does takes effect only while it holds.

    `event_at` is when the first event came that it runs for, by the database's clock.
    """

    key: JobKey
    token: ObjectId
    attempt: int
    payload: dict[str, Any]
    setbacks: Setbacks
    priority: Priority
    rank: int
    owner: str
    event_at: datetime
    since: float = field(default_factory=time.monotonic)

    @classmethod
    def of(cls, job: Mapping[str, Any]) -> Self:
        """The claim on a running document of the collection `jobs`."""
        return cls(
            key=JobKey.of(job),
            token=job["token"],
            attempt=job["attempt"],
            payload=job["payload"],
            setbacks=Setbacks.of(job),
            priority=Priority(job["priority"]),
            rank=job["rank"],
            owner=job["owner"],
            # Those that an earlier release added don't have it.
            event_at=job.get("event_at") or job["created_at"],
        )

    @property
    def held(self) -> dict[str, Any]:
        """The filter that matches the job while this claim holds."""
        return {"_id": str(self.key), "token": self.token}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a job is in the queue; `ahead` counts the ready jobs before it in its namespace, None past 100.

    `payload` is what it was added with.
    """

    running: bool
    priority: Priority
    ahead: int | None
    payload: dict[str, Any]


class SlotTakenError(Exception):
    """Another running job has the slot that was to be taken."""


class LeaseLostError(Exception):
    """The claim no longer holds: its lease ran out and the job was taken over, or the job was cancelled."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The caps and times of the queue; every process that shares a queue must be given the same."""

    lease_seconds: float = 30.0
    max_jobs_per_dataset: int = 2
    max_jobs_per_namespace: int = 8
    history_seconds: int = 86_400
    dead_seconds: int = 30 * 86_400
