"""Datasets a minute with 1, 2 and 4 workers of each kind, while the Hub takes its time; and what a dataset costs.

A dataset is done when its splits are listed and the rows of its one split are stored. The clock runs from the moment
when all of them wait in the queue to the end of the last job. Workers mostly wait for the Hub, so that the cores of one
machine are not the limit.
"""

import argparse
import json
import os
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx2
from libqueue.model import Limits, Outcome
from libqueue.pauses import Scope
from libqueue.queue import Queue
from pymongo import MongoClient
from pymongo.database import Database

from bench.errors import BenchError
from bench.local_hub import LocalHub
from bench.rows.tables import write_small_csv
from bench.running_stack import ONE_OF_EACH, RunningStack, running_stack
from bench.table import Aim, aims_table, columns

# The first 100 rows are in all of them, so that a job asks for each.
_SHARDS = 20
_ROWS_OF_A_SHARD = 5
_LEAST_GROWTH = 0.9
_POLL_SECONDS = 0.1
_LIMIT_SECONDS = 900.0
# Workers know of a pause after a second.
_PAUSE_SECONDS = 1.5
_TYPES = ("datasets", "splits")


@dataclass(frozen=True, slots=True)
class Cost:
    """What one dataset took: of Mongo in operations and bytes, of the Hub in requests, of the workers in seconds of
    CPU; and the seconds that its two jobs ran.
    """

    operations: float
    requests: float
    cpu_seconds: float
    job_seconds: float
    queue_bytes: float
    cache_bytes: float


def main(arguments: list[str]) -> None:
    """Prints the tables.

    Raises:
        BenchError: a job did not end well.
    """
    parser = argparse.ArgumentParser(prog="python -m bench scaling", description=__doc__)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4], help="of each kind; default: 1 2 4")
    parser.add_argument("--datasets", type=int, default=15, help="for each worker of a kind; default: 15")
    parser.add_argument("--latency", type=int, default=200, help="of the Hub, in milliseconds; default: 200")
    given = parser.parse_args(arguments)
    rates: dict[int, float] = {}
    costs: dict[int, Cost] = {}
    for workers in given.workers:
        rates[workers], costs[workers] = _measure(workers, given.datasets * workers, given.latency)
    what = f"Datasets of {_SHARDS} CSV files of {_ROWS_OF_A_SHARD} rows"
    print(f"{what}, a Hub with {given.latency} ms latency, {os.cpu_count()} CPUs.")
    first = given.workers[0]
    rows = [
        (str(workers), f"{rate:.1f}", f"{rate / rates[first]:.2f}", f"{costs[workers].cpu_seconds:.2f}")
        for workers, rate in rates.items()
    ]
    print(columns(("workers of each kind", "datasets a minute", "times as many", "CPU s a dataset"), rows))
    print(f"\nWhat one dataset costs:\n{_costs_table(costs[first])}")
    growths = [
        Aim(f"growth from {fewer} to {more}, of linear", rates[more] / rates[fewer] * fewer / more, ">=", _LEAST_GROWTH)
        for fewer, more in pairwise(given.workers)
    ]
    if growths:
        print(f"\n{aims_table(growths)}")


def _measure(workers: int, datasets: int, latency: int) -> tuple[float, Cost]:
    """Datasets a minute, and what one costs."""
    counts = {"WORKERS_DATASETS": str(workers), "WORKERS_SPLITS": str(workers)}
    # A namespace for each few, as on a real Hub: the caps of one are not what is measured.
    names = [f"bench-{number % (4 * workers)}/small-{number}" for number in range(datasets)]
    with running_stack({**ONE_OF_EACH, **counts}) as stack, _databases(stack) as (queue, cache):
        _fill(stack, queue, names)
        hub = LocalHub(stack.hub)
        hub.set_latency(latency)
        before, requests = _totals(stack), hub.traffic().requests
        began = time.monotonic()
        for type_ in _TYPES:
            Queue(queue, Limits()).resume(Scope.TYPE, type_)
        _wait_for(queue, 2 * datasets)
        seconds = time.monotonic() - began
        after = _totals(stack)
        bad = list(queue["history"].find({"outcome": {"$ne": Outcome.DONE.value}}))
        if bad:
            raise BenchError(f"a {bad[0]['type']} job of {bad[0]['dataset']} ended as {bad[0]['outcome']}")
        runs = list(queue["history"].find({}, {"seconds": 1}))
        cost = Cost(
            operations=(after["operations"] - before["operations"]) / datasets,
            requests=(hub.traffic().requests - requests) / datasets,
            cpu_seconds=(after["cpu"] - before["cpu"]) / datasets,
            job_seconds=sum(run["seconds"] for run in runs) / datasets,
            queue_bytes=_bytes(queue, ["history"]) / datasets,
            cache_bytes=_bytes(cache, ["datasets", "answers", "plans"]) / datasets,
        )
    return datasets / seconds * 60, cost


def _fill(stack: RunningStack, queue: Database[dict[str, Any]], names: Sequence[str]) -> None:
    """Puts the datasets into the Hub; returns when a job of each waits and none runs."""
    for type_ in _TYPES:
        Queue(queue, Limits()).pause(Scope.TYPE, type_)
    time.sleep(_PAUSE_SECONDS)
    for number, name in enumerate(names):
        # Renamed into place, so that it is announced once.
        staged = stack.data / "staged"
        staged.mkdir()
        for shard in range(_SHARDS):
            write_small_csv(staged / f"train-{shard:02}.csv", _ROWS_OF_A_SHARD, seed=number * _SHARDS + shard)
        (stack.datasets / name).parent.mkdir(exist_ok=True)
        staged.rename(stack.datasets / name)
    _until(lambda: queue["jobs"].count_documents({"status": "ready"}) == len(names), "the datasets are announced")


def _wait_for(queue: Database[dict[str, Any]], ended: int) -> None:
    _until(lambda: queue["history"].count_documents({}) >= ended, "all jobs have ended")


def _until(condition: Any, what: str) -> None:
    deadline = time.monotonic() + _LIMIT_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise BenchError(f"not within {_LIMIT_SECONDS:.0f} s: {what}")
        time.sleep(_POLL_SECONDS)


@contextmanager
def _databases(stack: RunningStack) -> Iterator[tuple[Database[dict[str, Any]], Database[dict[str, Any]]]]:
    with MongoClient[dict[str, Any]](stack.mongo_url) as client:
        yield client[stack.queue_database], client[stack.cache_database]


def _totals(stack: RunningStack) -> Mapping[str, float]:
    """Operations of Mongo and seconds of CPU of all workers since they started, their jobs' processes included."""
    operations = 0.0
    for log in sorted((stack.data / "logs").glob("worker-*.log")):
        url = next(line["url"] for line in map(json.loads, _json_lines(log)) if line.get("action") == "listening")
        text = httpx2.get(f"{url}/metrics", trust_env=False).raise_for_status().text
        operations += float(re.findall(r"^worker_mongo_operations\{.*\} (.*)$", text, re.MULTILINE)[0])
    return {"operations": operations, "cpu": _cpu_seconds(stack.data / "caches")}


def _cpu_seconds(scratch: Path) -> float:
    """Of the processes whose files are there, and of those that they started and that are over."""
    ticks = 0
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if str(scratch).encode() in (process / "environ").read_bytes():
                # Source: proc(5), utime, stime, cutime, cstime.
                ticks += sum(map(int, (process / "stat").read_text().rpartition(") ")[2].split()[11:15]))
        except OSError:
            continue
    return ticks / os.sysconf("SC_CLK_TCK")


def _json_lines(log: Path) -> Iterator[str]:
    return (line for line in log.read_text().splitlines() if line.startswith("{"))


def _bytes(database: Database[dict[str, Any]], collections: Sequence[str]) -> float:
    """Of the documents, without their indexes."""
    total = 0
    for collection in collections:
        sizes = database[collection].aggregate([{"$group": {"_id": None, "size": {"$sum": {"$bsonSize": "$$ROOT"}}}}])
        total += sum(each["size"] for each in sizes)
    return total


def _costs_table(cost: Cost) -> str:
    rows = [
        ("operations of Mongo", f"{cost.operations:.0f}"),
        ("requests to the Hub", f"{cost.requests:.1f}"),
        ("seconds of its two jobs", f"{cost.job_seconds:.2f}"),
        ("seconds of CPU of the workers", f"{cost.cpu_seconds:.2f}"),
        ("bytes in the cache, without indexes", f"{cost.cache_bytes:.0f}"),
        ("bytes in the history, for a day", f"{cost.queue_bytes:.0f}"),
    ]
    return columns(("", "a dataset"), rows)
