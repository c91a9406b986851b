from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from libqueue.model import Claim, JobKey, LeaseLostError, Limits, Outcome, Priority, Setback, Setbacks
from libqueue.queue import Queue
from libqueue.upkeep import Upkeep
from pymongo.database import Database

from libs.libqueue.tests.conditions import claim_next, eventually

CSV = JobKey("datasets", "acme/csv")


@pytest.fixture
def upkeep(queue_database: Database[dict[str, Any]], queue_limits: Limits) -> Upkeep:
    return Upkeep(queue_database, queue_limits)


@pytest.fixture
def queue(queue_database: Database[dict[str, Any]], queue_limits: Limits) -> Queue:
    return Queue(queue_database, queue_limits)


def split(name: str, dataset: str = "acme/csv") -> JobKey:
    return JobKey("splits", dataset, "default", name)


def test_an_added_job_is_claimed_with_its_payload(queue: Queue) -> None:
    queue.add(CSV, payload={"revision": "$literally this"})
    claim = claim_next(queue)
    assert (claim.key, claim.payload, claim.attempt) == (CSV, {"revision": "$literally this"}, 1)


def test_names_that_look_like_expressions_are_kept_as_they_are(queue: Queue) -> None:
    odd = JobKey("splits", "acme/csv", "$config.with", "$$NOW")
    queue.add(odd)
    assert claim_next(queue, "splits").key == odd


def test_of_one_key_only_one_job_waits(queue: Queue) -> None:
    queue.add(CSV)
    queue.add(CSV)
    queue.finish(claim_next(queue), Outcome.DONE)
    assert queue.claim("datasets", "me") is None


def test_a_waiting_job_takes_the_newer_payload(queue: Queue) -> None:
    queue.add(CSV, payload={"revision": "old"})
    queue.add(CSV, payload={"revision": "new"})
    assert claim_next(queue).payload == {"revision": "new"}


def test_a_run_knows_when_the_first_of_its_events_came(queue: Queue) -> None:
    queue.add(CSV)
    first = claim_next(queue)
    queue.add(CSV)
    second_event = queue.seconds_since(first.event_at)
    queue.add(CSV)
    queue.finish(first, Outcome.DONE)
    second = claim_next(queue)
    assert 0 < (second.event_at - first.event_at).total_seconds() <= second_event
    queue.retry(second, delay_seconds=0, setback=Setback.FAILURE)
    queue.add(CSV)
    assert claim_next(queue).event_at == second.event_at


def test_an_event_that_comes_while_a_job_runs_leads_to_exactly_one_more_run(queue: Queue) -> None:
    queue.add(CSV)
    first = claim_next(queue)
    queue.add(CSV)
    queue.add(CSV)
    assert queue.claim("datasets", "me") is None, "two of one key must not run at once"
    queue.finish(first, Outcome.DONE)
    queue.finish(claim_next(queue), Outcome.DONE)
    assert queue.claim("datasets", "me") is None


def test_events_during_a_job_do_not_put_it_before_those_that_waited_longer(queue: Queue) -> None:
    queue.add(CSV)
    first = claim_next(queue)
    queue.add(JobKey("datasets", "acme/other"))
    queue.add(CSV)
    queue.finish(first, Outcome.DONE)
    assert [claim_next(queue).key.dataset for _ in range(2)] == ["acme/other", "acme/csv"]


@pytest.mark.parametrize("order", [(Priority.HIGH, Priority.LOW), (Priority.LOW, Priority.HIGH)])
def test_the_next_run_has_the_best_priority_of_the_events_during_this_one(
    queue: Queue, order: tuple[Priority, Priority]
) -> None:
    queue.add(CSV, priority=Priority.NORMAL)
    first = claim_next(queue)
    for priority in order:
        queue.add(CSV, priority=priority)
    queue.finish(first, Outcome.DONE)
    second = claim_next(queue)
    queue.add(CSV, priority=Priority.LOW)
    queue.finish(second, Outcome.DONE)
    assert (second.priority, claim_next(queue).priority) == (Priority.HIGH, Priority.LOW)


def test_a_type_of_worker_gets_only_jobs_of_its_type(queue: Queue) -> None:
    queue.add(CSV)
    assert queue.claim("splits", "me") is None


def test_no_more_jobs_of_a_dataset_run_than_its_cap(queue: Queue) -> None:
    for name in ("train", "test", "validation"):
        queue.add(split(name))
    running = [claim_next(queue, "splits"), claim_next(queue, "splits")]
    assert queue.claim("splits", "me") is None
    queue.finish(running[0], Outcome.DONE)
    assert claim_next(queue, "splits")


def test_no_more_jobs_of_a_namespace_run_than_its_cap(queue: Queue) -> None:
    for number in range(10):
        queue.add(JobKey("datasets", f"acme/{number}"))
    for _ in range(8):
        claim_next(queue)
    assert all(queue.claim("datasets", "me") is None for _ in range(5))


def test_a_namespace_at_its_cap_does_not_hold_back_another(queue: Queue) -> None:
    for number in range(20):
        queue.add(JobKey("datasets", f"big/{number}"))
    queue.add(JobKey("datasets", "small/one"))
    assert "small/one" in {claim_next(queue).key.dataset for _ in range(9)}


def test_within_a_namespace_priority_goes_first_and_then_age(queue: Queue) -> None:
    queue.add(JobKey("datasets", "acme/low"), priority=Priority.LOW)
    queue.add(JobKey("datasets", "acme/normal"))
    queue.add(JobKey("datasets", "acme/later"))
    queue.add(JobKey("datasets", "acme/high"), priority=Priority.HIGH)
    order = [claim_next(queue).key.dataset for _ in range(4)]
    assert order == ["acme/high", "acme/normal", "acme/later", "acme/low"]


def test_a_job_that_was_handed_back_is_first_again_and_nothing_is_counted(queue: Queue) -> None:
    queue.add(CSV)
    queue.add(JobKey("datasets", "acme/second"))
    queue.release(claim_next(queue))
    again = claim_next(queue)
    assert (again.key, again.attempt) == (CSV, 2)
    assert again.setbacks == Setbacks()


@pytest.mark.parametrize("setback", Setback)
def test_a_retry_waits_for_its_delay_and_what_made_it_necessary_is_counted_apart(
    queue: Queue, upkeep: Upkeep, setback: Setback
) -> None:
    queue.add(CSV)
    queue.retry(claim_next(queue), delay_seconds=0.3, setback=setback)
    assert upkeep.attend_due() == 0
    assert queue.claim("datasets", "me") is None
    eventually(upkeep.attend_due)
    again = claim_next(queue)
    assert again.setbacks == Setbacks(**{setback.value: 1})
    assert again.attempt == 2


def test_an_event_makes_a_delayed_retry_ready_at_once(queue: Queue) -> None:
    queue.add(CSV)
    queue.retry(claim_next(queue), delay_seconds=600, setback=Setback.CRASH)
    queue.add(CSV)
    assert claim_next(queue).setbacks.crashes == 1


def test_a_retry_gives_way_to_the_event_that_came_while_the_job_ran(queue: Queue) -> None:
    queue.add(CSV, payload={"revision": "old"})
    first = claim_next(queue)
    queue.add(CSV, payload={"revision": "new"})
    queue.retry(first, delay_seconds=600, setback=Setback.FAILURE)
    assert claim_next(queue).payload == {"revision": "new"}
    assert queue.claim("datasets", "me") is None


def test_a_cancelled_job_is_gone_for_its_holder_too(queue: Queue) -> None:
    for name in ("train", "test"):
        queue.add(split(name))
    running = claim_next(queue, "splits")
    assert queue.cancel("acme/csv", "splits") == 2
    with pytest.raises(LeaseLostError):
        queue.beat(running)
    with pytest.raises(LeaseLostError):
        queue.finish(running, Outcome.DONE)
    assert queue.claim("splits", "me") is None


def test_cancel_keeps_what_it_is_told_to_keep(queue: Queue) -> None:
    for name in ("train", "test"):
        queue.add(split(name))
    assert queue.cancel("acme/csv", "splits", keep=[split("test")]) == 1
    assert claim_next(queue, "splits").key == split("test")


def test_the_place_of_a_job_is_the_number_of_jobs_before_it_in_its_namespace(queue: Queue) -> None:
    queue.add(JobKey("datasets", "acme/first"))
    queue.add(JobKey("datasets", "other/unrelated"))
    queue.add(CSV, payload={"revision": "this"})
    place = queue.place(CSV)
    assert place is not None
    assert (place.running, place.ahead, place.payload) == (False, 1, {"revision": "this"})
    assert queue.place(JobKey("datasets", "acme/nothing")) is None


def test_the_place_of_a_running_job_says_that_it_runs(queue: Queue) -> None:
    queue.add(CSV)
    claim_next(queue)
    place = queue.place(CSV)
    assert place is not None
    assert place.running


def test_which_of_many_keys_have_a_job(queue: Queue) -> None:
    keys = [JobKey("datasets", f"acme/{number}") for number in range(500)]
    queue.add_many(keys[:300])
    claim_next(queue)
    assert queue.known(keys) == set(keys[:300])


def test_a_finished_job_stands_in_the_history(queue: Queue, queue_database: Database[dict[str, Any]]) -> None:
    queue.add(CSV)
    queue.finish(claim_next(queue), Outcome.FAILED, code="EmptyDatasetError")
    (entry,) = queue_database["history"].find()
    assert (entry["dataset"], entry["outcome"], entry["code"]) == ("acme/csv", "failed", "EmptyDatasetError")
    assert queue_database["jobs"].count_documents({}) == 0


def test_a_namespace_without_waiting_jobs_has_no_turn(queue: Queue, queue_database: Database[dict[str, Any]]) -> None:
    queue.add(CSV)
    queue.finish(claim_next(queue), Outcome.DONE)
    eventually(lambda: queue.claim("datasets", "me") is None)
    assert queue_database["turns"].count_documents({}) == 0


def test_a_large_dataset_does_not_hold_back_another_of_its_namespace(queue: Queue) -> None:
    for number in range(40):
        queue.add(split(str(number), "acme/big"))
    queue.add(split("train", "acme/small"))
    assert {claim_next(queue, "splits").key.dataset for _ in range(3)} == {"acme/big", "acme/small"}


def test_many_jobs_are_added_at_once_and_those_that_wait_already_stay(queue: Queue) -> None:
    keys = [JobKey("datasets", f"acme/{number}") for number in range(5)]
    queue.add(keys[0])
    queue.add_many(keys)
    assert {claim_next(queue).key for _ in keys} == set(keys)
    assert queue.claim("datasets", "me") is None


class TestLeases:
    @pytest.fixture
    def queue_limits(self) -> Limits:
        return Limits(lease_seconds=0.5)

    def test_a_job_whose_holder_died_is_taken_over_by_another(self, queue: Queue, upkeep: Upkeep) -> None:
        queue.add(CSV)
        dead = claim_next(queue)
        eventually(upkeep.attend_due)
        successor = claim_next(queue)
        assert (successor.attempt, successor.setbacks) == (dead.attempt + 1, Setbacks(lost_leases=1))
        for leave in (queue.beat, queue.release, partial(queue.finish, outcome=Outcome.DONE)):
            with pytest.raises(LeaseLostError):
                leave(dead)
        queue.finish(successor, Outcome.DONE)

    def test_a_holder_that_beats_keeps_its_job(self, queue: Queue, upkeep: Upkeep) -> None:
        queue.add(CSV)
        queue.add(JobKey("datasets", "acme/dead"))
        alive = claim_next(queue)
        claim_next(queue)

        def rescued() -> int:
            queue.beat(alive)
            return upkeep.attend_due()

        eventually(rescued)
        queue.beat(alive)

    def test_a_lost_job_is_found_among_thousands_that_run(
        self, queue: Queue, upkeep: Upkeep, queue_database: Database[dict[str, Any]]
    ) -> None:
        queue.add(CSV)
        claim_next(queue)
        job = queue_database["jobs"].find_one({})
        assert job is not None
        later = {"due_at": job["due_at"] + timedelta(hours=1)}
        for begin in range(0, 3_000, 200):
            queue_database["jobs"].insert_many(
                {**job, **later, "_id": str(number), "dataset": f"n{number}/one", "namespace": f"n{number}"}
                for number in range(begin, begin + 200)
            )
        assert eventually(upkeep.attend_due) == 1
        assert claim_next(queue).key == CSV

    def test_lost_leases_are_not_forgotten_under_a_stream_of_events(self, queue: Queue, upkeep: Upkeep) -> None:
        queue.add(CSV)
        claim_next(queue)
        queue.add(CSV)
        eventually(upkeep.attend_due)
        assert claim_next(queue).setbacks.lost_leases == 1

    def test_the_slots_of_lost_jobs_are_free_again(self, queue: Queue, upkeep: Upkeep) -> None:
        for name in ("train", "test", "validation"):
            queue.add(split(name))
        dead = [claim_next(queue, "splits") for _ in range(2)]
        assert queue.claim("splits", "me") is None

        def next_claim() -> Claim | None:
            upkeep.attend_due()
            return queue.claim("splits", "me")

        assert {eventually(next_claim).attempt for _ in dead} <= {1, 2}
