"""What a job is: its key, its place in the queue, and the claim on it that a worker holds."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Any, Self

import orjson
from bson import ObjectId
from libcommon.names import namespace_of


class Status(StrEnum):
    """A job is in the queue only while it waits or runs."""

    WAITING = "waiting"
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


@dataclass(frozen=True, slots=True)
class JobKey:
    """What a job is about. Of each key at most one run waits and one runs: they are one document."""

    type: str
    dataset: str
    config: str | None = None
    split: str | None = None

    @property
    def namespace(self) -> str:
        """The namespace whose turns and caps the job counts for."""
        return namespace_of(self.dataset)

    def __str__(self) -> str:
        return orjson.dumps([self.type, self.dataset, self.config, self.split]).decode()


@dataclass(frozen=True, slots=True)
class Claim:
    """A running job, held under one `attempt`: what its holder does to the queue takes effect only while it holds."""

    job_id: ObjectId
    key: JobKey
    attempt: int
    payload: dict[str, Any]
    failures: int
    crashes: int
    lost_leases: int
    owner: str

    @classmethod
    def of(cls, job: Mapping[str, Any], *, attempt: int, owner: str) -> Self:
        """The claim of `owner` on a document of the collection `jobs`."""
        return cls(
            job_id=job["job_id"],
            key=JobKey(job["type"], job["dataset"], job["config"], job["split"]),
            attempt=attempt,
            payload=job["payload"],
            failures=job["failures"],
            crashes=job["crashes"],
            lost_leases=job["lost_leases"],
            owner=owner,
        )

    @property
    def held(self) -> dict[str, Any]:
        """The filter that matches the job while this claim holds."""
        return {
            "_id": str(self.key),
            "job_id": self.job_id,
            "status": Status.RUNNING.value,
            "attempt": self.attempt,
        }


@dataclass(frozen=True, slots=True)
class Place:
    """Where a job is in the queue; `ahead` counts the jobs before it in its namespace, None past 100."""

    status: Status
    ahead: int | None


class LeaseLostError(Exception):
    """The claim no longer holds: its lease ran out and the job was taken over, or the job was cancelled."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The caps and times of the queue; every process that shares a queue must be given the same."""

    lease_seconds: float = 30.0
    max_jobs_per_dataset: int = 2
    max_jobs_per_namespace: int = 8
    history_seconds: int = 86_400
