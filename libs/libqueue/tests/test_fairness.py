"""Namespaces take turns: how many jobs one of them has is nothing to the others."""

import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

from libqueue.model import JobKey, Limits, Priority
from libqueue.queue import Queue
from libqueue.turns import SPREAD
from pymongo.database import Database

from libs.libqueue.tests.conditions import claim_next, eventually

CLAIMER = Path(__file__).with_name("claimer.py")
WORKERS = 4
SMALL = 100


def test_a_hundred_small_namespaces_start_within_the_bound_behind_one_with_two_thousand_jobs(
    mongo_url: str, queue_database: Database[dict[str, Any]], queue_limits: Limits, tmp_path: Path
) -> None:
    seed = int(os.environ.get("SEED", random.randrange(2**32)))
    print(f"SEED={seed}")
    queue = Queue(queue_database, queue_limits)
    queue.add_many([JobKey("splits", f"big/{number}", "default", "train") for number in range(2_000)])
    log = tmp_path / "log"
    command = [sys.executable, str(CLAIMER), mongo_url, queue_database.name, str(log)]
    workers = [subprocess.Popen([*command, str(seed + number)]) for number in range(WORKERS)]

    def started() -> list[str]:
        lines = sorted(log.read_text().splitlines(), key=lambda line: int(line.split(" ", 1)[0]))
        return [line.split('"')[3] for line in lines if " begin " in line]

    try:
        eventually(lambda: log.exists() and len(started()) > WORKERS, 60)
        for number in range(SMALL):
            queue.add(JobKey("splits", f"small-{number}/one", "default", "train"))
        before = len(started())
        # Some run more than once, since the claimers hand back and retry.
        eventually(lambda: len({dataset for dataset in started() if dataset.startswith("small-")}) == SMALL, 200)
    finally:
        for worker in workers:
            worker.terminate()
        assert [worker.wait(30) for worker in workers] == [0] * WORKERS
    order = started()
    last = max(order.index(f"small-{number}/one") for number in range(SMALL))
    assert last - before < (1 + SMALL) + WORKERS * SPREAD


def test_a_low_job_that_waited_ten_minutes_goes_before_a_normal_one(
    queue_database: Database[dict[str, Any]], queue_limits: Limits
) -> None:
    queue = Queue(queue_database, queue_limits)
    queue.add(JobKey("datasets", "acme/low"), priority=Priority.LOW)
    queue_database["jobs"].update_one({}, [{"$set": {"rank": {"$subtract": ["$rank", 601_000_000]}}}])
    queue.add(JobKey("datasets", "acme/normal"))
    assert [claim_next(queue).key.dataset for _ in range(2)] == ["acme/low", "acme/normal"]


def test_one_process_passes_over_no_namespace_more_often_than_the_bound_says(
    queue_database: Database[dict[str, Any]], queue_limits: Limits
) -> None:
    queue = Queue(queue_database, queue_limits)
    queue.add(JobKey("datasets", "patient/one"))
    namespaces = 2 * SPREAD
    for number in range(namespaces):
        queue.add_many([JobKey("datasets", f"n{number}/{place}") for place in range(3)])
    order = [claim_next(queue).key.namespace for _ in range(namespaces + SPREAD)]
    assert order.index("patient") <= SPREAD
