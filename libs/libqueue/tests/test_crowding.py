"""Jobs that may not start, since their dataset or namespace is full or paused: out of the way, and never forgotten."""

from datetime import UTC, datetime
from typing import Any

import pytest
from libqueue.crowding import Crowding
from libqueue.model import Claim, JobKey, Limits, Outcome, Setback
from libqueue.pauses import Scope
from libqueue.queue import Queue
from libqueue.upkeep import Upkeep
from pymongo.database import Database

from libs.libqueue.tests.conditions import claim_next, eventually

BIG = "acme/big"
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


@pytest.fixture
def queue_limits() -> Limits:
    return Limits(lease_seconds=0.5, max_jobs_per_dataset=2, max_jobs_per_namespace=3)


@pytest.fixture
def queue(queue_database: Database[dict[str, Any]], queue_limits: Limits) -> Queue:
    return Queue(queue_database, queue_limits)


@pytest.fixture
def upkeep(queue_database: Database[dict[str, Any]], queue_limits: Limits) -> Upkeep:
    return Upkeep(queue_database, queue_limits)


def splits(count: int, dataset: str = BIG) -> list[JobKey]:
    return [JobKey("splits", dataset, "default", f"{number:03}") for number in range(count)]


def statuses(database: Database[dict[str, Any]]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for job in database["jobs"].find():
        counts[job["status"]] = counts.get(job["status"], 0) + 1
    return counts


def look(queue: Queue) -> Claim | None:
    return queue.claim("splits", "me")


def test_what_waits_behind_a_full_dataset_is_looked_at_once(
    queue: Queue, queue_database: Database[dict[str, Any]]
) -> None:
    queue.add_many(splits(40))
    for _ in range(2):
        claim_next(queue, "splits")
    assert eventually(lambda: look(queue) is None and statuses(queue_database).get("parked") == 38)
    assert queue_database["turns"].count_documents({}) == 0


def test_the_jobs_of_a_full_dataset_run_in_order_and_two_at_a_time(queue: Queue) -> None:
    keys = splits(12)
    queue.add_many(keys)
    running = [claim_next(queue, "splits"), claim_next(queue, "splits")]
    order = [claim.key for claim in running]
    while running:
        assert look(queue) is None
        queue.finish(running.pop(0), Outcome.DONE)
        if len(order) < len(keys):
            running.append(claim_next(queue, "splits"))
            order.append(running[-1].key)
    assert order == keys


@pytest.mark.parametrize("leave", ["finish", "release", "retry", "cancel", "die"])
def test_however_a_run_ends_the_next_of_its_dataset_is_let_in(queue: Queue, upkeep: Upkeep, leave: str) -> None:
    queue.add_many([JobKey("datasets", BIG), *splits(0)])
    dataset = claim_next(queue, "datasets")
    queue.add_many(splits(4))
    claim_next(queue, "splits")
    assert look(queue) is None
    match leave:
        case "finish":
            queue.finish(dataset, Outcome.DONE)
        case "release":
            queue.release(dataset)
        case "retry":
            queue.retry(dataset, delay_seconds=600, setback=Setback.FAILURE)
        case "cancel":
            assert queue.cancel(BIG, "datasets") == 1
        case "die":
            eventually(upkeep.attend_due)
    assert eventually(lambda: look(queue))


def test_a_full_namespace_is_not_looked_at_until_one_of_its_jobs_ends(
    queue: Queue, queue_database: Database[dict[str, Any]]
) -> None:
    queue.add_many([JobKey("splits", f"acme/{number}", "default", "train") for number in range(5)])
    running = [claim_next(queue, "splits") for _ in range(3)]
    assert look(queue) is None
    (turn,) = queue_database["turns"].find()
    assert turn["held"]
    assert look(queue) is None
    assert list(queue_database["turns"].find()) == [turn]
    queue.finish(running[0], Outcome.DONE)
    assert claim_next(queue, "splits")


@pytest.mark.parametrize(("scope", "name"), [(Scope.TYPE, "splits"), (Scope.NAMESPACE, "acme"), (Scope.DATASET, BIG)])
def test_what_is_paused_does_not_start_until_it_is_resumed(
    queue: Queue, queue_database: Database[dict[str, Any]], queue_limits: Limits, scope: Scope, name: str
) -> None:
    queue.add_many(splits(3))
    running = claim_next(queue, "splits")
    queue.pause(scope, name)
    other = Queue(queue_database, queue_limits)
    assert look(other) is None
    queue.add(JobKey("splits", BIG, "default", "later"))
    assert look(other) is None
    queue.finish(running, Outcome.DONE)
    assert look(other) is None
    assert queue.resume(scope, name)
    assert not queue.resume(scope, name)
    for _ in range(3):
        queue.finish(eventually(lambda: look(other)), Outcome.DONE)


def test_a_paused_dataset_does_not_hold_back_another_of_its_namespace(queue: Queue) -> None:
    queue.pause(Scope.DATASET, BIG)
    queue.add_many(splits(40))
    queue.add(JobKey("splits", "acme/small", "default", "train"))
    assert eventually(lambda: look(queue)).key.dataset == "acme/small"


def test_a_pause_leaves_alone_what_runs(queue: Queue) -> None:
    queue.add(splits(1)[0])
    claim = claim_next(queue, "splits")
    queue.pause(Scope.DATASET, BIG)
    queue.beat(claim)
    queue.finish(claim, Outcome.DONE)


def test_a_pause_of_one_type_does_not_keep_the_jobs_of_another_from_their_dataset(queue: Queue) -> None:
    queue.add_many(splits(8))
    running = [claim_next(queue, "splits") for _ in range(2)]
    queue.add(JobKey("datasets", BIG))
    assert queue.claim("datasets", "me") is None
    assert look(queue) is None
    queue.pause(Scope.TYPE, "splits")
    for claim in running:
        queue.finish(claim, Outcome.DONE)
    assert eventually(lambda: queue.claim("datasets", "me"))


class TestHalves:
    """What a process leaves behind that dies between the two halves of a change."""

    def make_due(self, database: Database[dict[str, Any]]) -> None:
        """As if the time had come that the first half of the change set for the second."""
        database["jobs"].update_many({}, {"$set": {"due_at": LONG_AGO}})

    def test_a_job_that_was_added_and_not_announced_is_found(
        self, queue: Queue, upkeep: Upkeep, queue_database: Database[dict[str, Any]]
    ) -> None:
        queue.add(splits(1)[0])
        queue_database["turns"].delete_many({})
        assert look(queue) is None
        self.make_due(queue_database)
        upkeep.attend_due()
        assert look(queue)

    def test_a_job_is_announced_before_it_counts_as_announced(
        self, queue: Queue, queue_database: Database[dict[str, Any]]
    ) -> None:
        queue.add(splits(1)[0])
        queue.add_many(splits(3))
        assert queue_database["jobs"].count_documents({"due_at": {"$gt": None}}) == 0
        queue.retry(claim_next(queue, "splits"), delay_seconds=0, setback=Setback.FAILURE)
        assert queue_database["jobs"].count_documents({"due_at": {"$ne": None}}) == 1

    def test_a_parked_job_whose_dataset_has_room_is_found(
        self, queue: Queue, upkeep: Upkeep, queue_database: Database[dict[str, Any]]
    ) -> None:
        queue.add_many(splits(3))
        for _ in range(2):
            claim_next(queue, "splits")
        assert look(queue) is None
        queue_database["jobs"].delete_many({"status": "running"})
        assert look(queue) is None
        self.make_due(queue_database)
        upkeep.attend_due()
        assert look(queue)

    @pytest.mark.parametrize("leave", ["finish", "release"])
    def test_a_process_that_dies_before_it_lets_the_next_in_leaves_it_to_be_found(
        self,
        queue: Queue,
        upkeep: Upkeep,
        queue_database: Database[dict[str, Any]],
        monkeypatch: pytest.MonkeyPatch,
        leave: str,
    ) -> None:
        queue.add_many(splits(4))
        running = [claim_next(queue, "splits") for _ in range(2)]
        assert look(queue) is None

        def die(*_: object) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr(Crowding, "_let_in_first", die)
        for claim in running:
            with pytest.raises(KeyboardInterrupt):
                queue.finish(claim, Outcome.DONE) if leave == "finish" else queue.release(claim)
        monkeypatch.undo()
        queue_database["jobs"].update_many(
            {"status": "parked", "due_at": {"$ne": None}}, {"$set": {"due_at": LONG_AGO}}
        )
        upkeep.attend_due()
        queue.cancel_one(splits(1)[0])
        assert eventually(lambda: claim if (claim := look(queue)) and claim.attempt == 1 else None)

    def test_a_parked_job_whose_dataset_is_full_stays_parked(
        self, queue: Queue, upkeep: Upkeep, queue_database: Database[dict[str, Any]]
    ) -> None:
        queue.add_many(splits(3))
        running = [claim_next(queue, "splits") for _ in range(2)]
        assert look(queue) is None
        queue_database["jobs"].update_many({"status": "parked"}, {"$set": {"due_at": LONG_AGO}})
        upkeep.attend_due()
        assert statuses(queue_database) == {"running": 2, "parked": 1}
        queue.finish(running[0], Outcome.DONE)
        assert eventually(lambda: look(queue))

    def test_a_held_namespace_that_has_room_is_found(
        self, queue: Queue, upkeep: Upkeep, queue_database: Database[dict[str, Any]]
    ) -> None:
        queue.add(splits(1)[0])
        queue_database["turns"].update_many({}, {"$set": {"held": True}})
        assert look(queue) is None
        upkeep.attend_held()
        assert look(queue)
