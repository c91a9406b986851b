"""Many waiting jobs, put in as fast as the server takes them.

Each document is one that `Queue.add` left, with another key, token and place: so it is what real adds would have left.
"""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from bson import ObjectId
from libcommon.mongo import disconnect
from libqueue.model import JobKey, Limits
from libqueue.queue import Queue
from libqueue.schema import ALIAS, open_queue_database
from libqueue.turns import turn_id
from pymongo import MongoClient
from pymongo.collection import Collection

TYPE = "splits"
LIMITS = Limits()
# Jobs came in one a millisecond.
_STEP_MICROSECONDS = 1000
# A slow server takes so many well within what a connection waits for an answer.
_BATCH = 200
_A_WHILE_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Backlog:
    """Jobs that wait in one database, each of a dataset of its own; they came in to one namespace after the other."""

    database: str
    jobs: int
    namespaces: int
    first_rank: int

    def key(self, number: int) -> JobKey:
        """The key of a job; the numbers count from 0 in the order of coming in."""
        return JobKey(TYPE, f"{self.namespace(number)}/dataset-{number}", "default", "train")

    def namespace(self, number: int) -> str:
        """The namespace of a job."""
        return f"namespace-{number % self.namespaces}"

    def rank(self, number: int) -> int:
        """Where a job stands in the queue."""
        return self.first_rank + number * _STEP_MICROSECONDS


def fill(url: str, database: str, jobs: int, namespaces: int) -> Backlog:
    """Makes a database anew with so many jobs; says how long that took when it took a while."""
    begun = time.monotonic()
    with MongoClient[dict[str, Any]](url) as client:
        client.drop_database(database)
    opened = open_queue_database(url, database)
    try:
        job, turn = _as_added(opened["jobs"], opened["turns"])
        backlog = Backlog(database, jobs, min(namespaces, jobs), job["rank"] - jobs * _STEP_MICROSECONDS)
        _insert(opened["jobs"], _jobs(backlog, job))
        _insert(opened["turns"], _turns(backlog, turn, job["rank"]))
    finally:
        disconnect(ALIAS)
    seconds = time.monotonic() - begun
    if seconds > _A_WHILE_SECONDS:
        print(f"Put in {jobs:,} jobs in {backlog.namespaces:,} namespaces: {seconds:.0f} s", flush=True)
    return backlog


def _as_added(jobs: Collection[dict[str, Any]], turns: Collection[dict[str, Any]]) -> tuple[Any, Any]:
    """What adding one job leaves: the job's document and its namespace's turn. It is taken out again."""
    Queue(jobs.database, LIMITS).add(JobKey(TYPE, "template/template", "default", "train"))
    return jobs.find_one_and_delete({}), turns.find_one_and_delete({})


def _jobs(backlog: Backlog, template: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for number in range(backlog.jobs):
        key, rank = backlog.key(number), backlog.rank(number)
        of_key = {"_id": str(key), "dataset": key.dataset, "namespace": key.namespace}
        yield {**template, **of_key, "token": ObjectId(), "rank": rank}


def _turns(backlog: Backlog, template: dict[str, Any], rank: int) -> Iterator[dict[str, Any]]:
    """The turns as the first job of each namespace left them, but for the jobs that were announced since.

    `rank` is that of the job which left the template.
    """
    for number in range(backlog.namespaces):
        namespace = backlog.namespace(number)
        later = backlog.rank(number) - rank
        yield {
            **template,
            "_id": turn_id(TYPE, namespace),
            "namespace": namespace,
            "announced": len(range(number, backlog.jobs, backlog.namespaces)),
            "taken_at": template["taken_at"] + later,
            "horizon": template["horizon"] + later,
        }


def _insert(collection: Collection[dict[str, Any]], documents: Iterable[dict[str, Any]]) -> None:
    remaining = iter(documents)
    while batch := list(islice(remaining, _BATCH)):
        collection.insert_many(batch, ordered=False)
