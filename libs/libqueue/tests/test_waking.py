"""A process that waits for work notices a new job, and what makes an old one startable."""

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from libqueue.model import Claim, JobKey, Limits, Outcome
from libqueue.pauses import Scope
from libqueue.queue import Queue
from libqueue.waking import Waking
from pymongo.database import Database

from libs.libqueue.tests.conditions import claim_next

CSV = JobKey("datasets", "acme/csv")
LIMITS = Limits(max_jobs_per_namespace=1)
# Far more than it takes, far less than a waiting process would sleep.
SECONDS = 60.0


class Waiter(threading.Thread):
    """Claims one job as a worker does."""

    def __init__(self, database: Database[dict[str, Any]], *, streams: bool) -> None:
        super().__init__(daemon=True)
        self._queue = Queue(database, LIMITS)
        self._waking = Waking(database, "datasets")
        # As after a server said that it has no change streams.
        self._waking._streams = streams
        self.waits = threading.Event()
        self.claim: Claim | None = None

    def run(self) -> None:
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            self.claim = self._queue.claim("datasets", "waiter")
            if self.claim is not None:
                break
            self._waking.wait(SECONDS)
            self.waits.set()
        self._waking.rest()


@pytest.fixture(params=[True, False], ids=["change stream", "polling"])
def waiter(queue_database: Database[dict[str, Any]], request: pytest.FixtureRequest) -> Iterator[Waiter]:
    waiter = Waiter(queue_database, streams=request.param)
    yield waiter
    waiter.join(SECONDS)


def caught(waiter: Waiter) -> JobKey | None:
    waiter.join(SECONDS / 2)
    return waiter.claim.key if waiter.claim else None


def test_a_new_job(queue_database: Database[dict[str, Any]], waiter: Waiter) -> None:
    waiter.start()
    waiter.waits.wait(SECONDS)
    Queue(queue_database, LIMITS).add(CSV)
    assert caught(waiter) == CSV


def test_a_job_of_a_namespace_that_was_full(queue_database: Database[dict[str, Any]], waiter: Waiter) -> None:
    queue = Queue(queue_database, LIMITS)
    queue.add(JobKey("datasets", "acme/first"))
    first = claim_next(queue)
    queue.add(CSV)
    waiter.start()
    waiter.waits.wait(SECONDS)
    queue.finish(first, Outcome.DONE)
    assert caught(waiter) == CSV


def test_a_job_that_was_handed_back(queue_database: Database[dict[str, Any]], waiter: Waiter) -> None:
    queue = Queue(queue_database, LIMITS)
    queue.add(CSV)
    claim = claim_next(queue)
    waiter.start()
    waiter.waits.wait(SECONDS)
    queue.release(claim)
    assert caught(waiter) == CSV


def test_a_dataset_that_is_resumed(queue_database: Database[dict[str, Any]], waiter: Waiter) -> None:
    queue = Queue(queue_database, LIMITS)
    queue.pause(Scope.DATASET, CSV.dataset)
    queue.add(CSV)
    waiter.start()
    waiter.waits.wait(SECONDS)
    queue.resume(Scope.DATASET, CSV.dataset)
    assert caught(waiter) == CSV


def test_jobs_of_another_type_wake_nobody(queue_database: Database[dict[str, Any]]) -> None:
    queue, waking = Queue(queue_database, LIMITS), Waking(queue_database, "splits")
    waking.wait(0.1)
    queue.add(CSV)
    before = time.monotonic()
    waking.wait(1.0)
    waking.rest()
    assert time.monotonic() - before > 0.5
