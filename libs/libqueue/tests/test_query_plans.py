"""Every query of the queue has an index: on any server its fields are the first of one, on MongoDB the plan uses it."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from libqueue.dead import Dead
from libqueue.inspection import Inspection
from libqueue.model import JobKey, Limits, Outcome, Setback
from libqueue.pauses import Scope
from libqueue.queue import Queue
from libqueue.upkeep import Upkeep
from pymongo import MongoClient
from pymongo.database import Database

from libs.libqueue.tests.conditions import claim_next
from libs.libqueue.tests.recorder import Recorder

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
LIMITS = Limits(lease_seconds=0.5, max_jobs_per_dataset=1, max_jobs_per_namespace=2)
WASTEFUL = {"COLLSCAN", "SORT"}


@pytest.fixture
def recorded(mongo_url: str, queue_database: Database[dict[str, Any]]) -> Iterator[tuple[Database[Any], Recorder]]:
    recorder = Recorder()
    with MongoClient[dict[str, Any]](mongo_url, tz_aware=True, event_listeners=[recorder]) as client:
        yield client[queue_database.name], recorder


def do_everything(database: Database[dict[str, Any]]) -> None:
    """Goes every way that a job can go, and looks at the queue in every way."""
    queue, upkeep, inspection = Queue(database, LIMITS), Upkeep(database, LIMITS), Inspection(database)
    key = JobKey("splits", "acme/one", "default", "train")
    queue.add(key)
    queue.add(JobKey("splits", "acme/one", "default", "test"))
    queue.add_many([JobKey("splits", f"acme/{number}", "default", "train") for number in range(4)])
    first = claim_next(queue, "splits")
    queue.beat(first)
    second = claim_next(queue, "splits")
    assert queue.claim("splits", "me") is None
    queue.add(first.key)
    queue.place(key)
    queue.finish(first, Outcome.DEAD, code="SomeError", message="Something happened.")
    queue.retry(second, delay_seconds=600, setback=Setback.FAILURE)
    queue.release(claim_next(queue, "splits"))
    claim_next(queue, "splits")
    for scope, name in ((Scope.DATASET, "acme/one"), (Scope.NAMESPACE, "acme")):
        queue.pause(scope, name)
        Queue(database, LIMITS).claim("splits", "me")
        queue.resume(scope, name)
    for _ in range(2):
        database["jobs"].update_many({}, {"$set": {"due_at": LONG_AGO}})
        upkeep.attend_due()
    upkeep.attend_held()
    inspection.job(first.key)
    inspection.jobs(dataset="acme/one", limit=10)
    inspection.dead(dataset="acme/one", limit=10)
    dead = Dead(database)
    dead.replay(queue, dead.first({}, inspection.now(), 10))
    queue.cancel("acme/one", "splits")
    queue.cancel_one(JobKey("splits", "acme/3", "default", "train"))


def queries(commands: list[dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any], list[str]]]:
    """The collection, the filter and the fields of the order of each query."""
    for command in commands:
        match command["name"]:
            case "find":
                yield command["find"], command.get("filter", {}), list(command.get("sort", {}))
            case "update":
                yield from ((command["update"], update["q"], []) for update in command["updates"])
            case "delete":
                yield from ((command["delete"], delete["q"], []) for delete in command["deletes"])


def is_prefix(fields: set[str], order: list[str], index: list[str]) -> bool:
    """Whether these fields, and then those of the order, are the first of an index."""
    rest = [field for field in order if field not in fields]
    return set(index[: len(fields)]) == fields and index[len(fields) : len(fields) + len(rest)] == rest


def test_every_query_has_an_index(recorded: tuple[Database[Any], Recorder]) -> None:
    database, recorder = recorded
    do_everything(database)
    commands = list(recorder.commands)
    indexes = {
        name: [list(index["key"]) for index in database[name].list_indexes()]
        for name in database.list_collection_names()
    }
    seen = set()
    for collection, where, order in queries(commands):
        fields = set(where)
        if not fields:
            continue
        seen.add((collection, *sorted(fields), *order))
        assert any(is_prefix(fields, order, index) for index in indexes[collection]), (collection, where, order)
        if explains_truly(database):
            plan = database.command("explain", {"find": collection, "filter": where, "sort": dict.fromkeys(order, 1)})
            assert not stages(plan["queryPlanner"]["winningPlan"]) & WASTEFUL, (collection, where, order)
    assert len(seen) > 15


def explains_truly(database: Database[dict[str, Any]]) -> bool:
    """Whether this is MongoDB: the small servers report a scan and a sort where they do neither."""
    return "secantusVersion" not in database.client.admin.command("buildInfo")


def stages(plan: Any) -> set[str]:
    """The names of all stages of a plan."""
    if isinstance(plan, list):
        return set().union(*map(stages, plan))
    if not isinstance(plan, Mapping):
        return set()
    return stages(list(plan.values())) | {str(plan["stage"])} if "stage" in plan else stages(list(plan.values()))
