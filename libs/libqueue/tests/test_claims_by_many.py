"""Many processes claim from one queue, some are killed: no job runs twice at once, no cap is exceeded, none is lost."""

import os
import random
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from libqueue.model import JobKey, Limits
from libqueue.queue import Queue
from pymongo.database import Database

CLAIMER = Path(__file__).with_name("claimer.py")
CLAIMERS = 6
KEYS = [JobKey("splits", f"n{number % 2}/d{number % 6}", "default", str(number)) for number in range(120)]


@pytest.fixture
def queue_limits() -> Limits:
    return Limits(lease_seconds=3.0, max_jobs_per_dataset=1, max_jobs_per_namespace=2)


def test_no_job_runs_twice_at_once_no_cap_is_exceeded_and_none_is_lost(
    mongo_url: str, queue_database: Database[dict[str, Any]], queue_limits: Limits, tmp_path: Path
) -> None:
    seed = int(os.environ.get("SEED", random.randrange(2**32)))
    print(f"SEED={seed}")
    chance = random.Random(seed)
    queue = Queue(queue_database, queue_limits)
    for key in KEYS:
        queue.add(key)
    log = tmp_path / "log"
    command = [sys.executable, str(CLAIMER), mongo_url, queue_database.name, str(log)]
    claimers = [subprocess.Popen([*command, str(seed + number)]) for number in range(CLAIMERS)]
    events = chance.choices(KEYS, k=60)
    killed: set[int] = set()
    try:
        while queue_database["jobs"].find_one({}) is not None:
            if len(killed) < CLAIMERS // 2 and log.exists() and log.stat().st_size > 2_000 * (1 + len(killed)):
                victim = chance.choice([claimer for claimer in claimers if claimer.pid not in killed])
                victim.kill()
                killed.add(victim.pid)
            if events:
                queue.add(events.pop())
        for claimer in claimers:
            claimer.terminate()
        assert [claimer.wait(30) for claimer in claimers if claimer.pid not in killed] == [0] * (CLAIMERS - len(killed))
    finally:
        for claimer in claimers:
            claimer.kill()
            claimer.wait()
    assert len(killed) == CLAIMERS // 2
    check(log.read_text(), killed, queue_limits)


def check(log: str, killed: set[int], limits: Limits) -> None:
    """Goes through what the claimers wrote down, in the order of time."""
    holders: dict[str, int] = {}
    done: set[str] = set()
    for line in sorted(log.splitlines(), key=lambda line: int(line.split(" ", 1)[0])):
        _, process, what, key = line.split(" ", 3)
        if what == "begin":
            # A holder that was killed can't say that it ended; the queue knew by its lease.
            assert holders.get(key) is None or holders[key] in killed, f"{key} ran twice at once"
            holders[key] = int(process)
        else:
            if holders.get(key) == int(process):
                del holders[key]
            done.add(key)
        living = [key for key, holder in holders.items() if holder not in killed]
        datasets = Counter(key.split('"')[3] for key in living)
        namespaces = Counter(dataset.split("/")[0] for dataset in datasets.elements())
        assert max(datasets.values(), default=0) <= limits.max_jobs_per_dataset
        assert max(namespaces.values(), default=0) <= limits.max_jobs_per_namespace
    assert done == {str(key) for key in KEYS}
