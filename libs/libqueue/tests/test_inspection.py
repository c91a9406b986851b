"""What operators see of the queue, and replaying what is dead."""

from collections.abc import Sequence
from typing import Any

import pytest
from libqueue.dead import Dead
from libqueue.inspection import Counts, Inspection
from libqueue.model import JobKey, LeaseLostError, Limits, Outcome, Setback, Setbacks, Status
from libqueue.pauses import Scope
from libqueue.queue import Queue
from pymongo.database import Database

from libs.libqueue.tests.conditions import claim_next

CSV = JobKey("datasets", "acme/csv")
OTHER = JobKey("datasets", "other/csv")


@pytest.fixture
def queue(queue_database: Database[dict[str, Any]], queue_limits: Limits) -> Queue:
    return Queue(queue_database, queue_limits)


@pytest.fixture
def inspection(queue_database: Database[dict[str, Any]]) -> Inspection:
    return Inspection(queue_database)


def split(name: str, dataset: str = "acme/csv") -> JobKey:
    return JobKey("splits", dataset, "default", name)


def die(queue: Queue, key: JobKey, code: str = "JobOutOfMemoryError") -> None:
    """Adds a job of this key, claims it as the only one of its type, and gives it up."""
    queue.add(key)
    queue.finish(claim_next(queue, key.type), Outcome.DEAD, code=code, message=f"{code} of a test")


def datasets_of(views: list[Any]) -> list[str]:
    return [view.dataset for view in views]


class TestCounts:
    def test_an_empty_queue_counts_nothing(self, inspection: Inspection) -> None:
        assert inspection.counts() == Counts({}, {})

    def test_jobs_are_counted_by_type_and_status_and_the_dead_by_type(
        self, queue: Queue, inspection: Inspection
    ) -> None:
        die(queue, CSV)
        for name in ("train", "test"):
            queue.add(split(name))
        claim_next(queue, "splits")
        queue.add(OTHER)
        queue.retry(claim_next(queue), delay_seconds=600, setback=Setback.FAILURE)
        counts = inspection.counts()
        assert counts.jobs == {
            "datasets": {"ready": 0, "delayed": 1, "parked": 0, "running": 0},
            "splits": {"ready": 1, "delayed": 0, "parked": 0, "running": 1},
        }
        assert counts.dead == {"datasets": 1}

    def test_jobs_of_a_crowd_and_paused_jobs_are_counted_apart(self, queue: Queue, inspection: Inspection) -> None:
        crowd = [JobKey("splits", f"{namespace}/x", "default", str(n)) for namespace in ("a", "b") for n in range(100)]
        queue.add_many(
            [*crowd, JobKey("splits", "c/x", "default", "train"), JobKey("splits", "d/x", "default", "train")]
        )
        queue.add(CSV)
        for scope, name in ((Scope.NAMESPACE, "b"), (Scope.NAMESPACE, "d"), (Scope.TYPE, "datasets")):
            queue.pause(scope, name)
        depths = {(depth.type, depth.crowded, depth.paused): depth.jobs for depth in inspection.depths()}
        assert depths == {
            ("splits", True, False): 100,
            ("splits", False, True): 101,
            ("splits", False, False): 1,
            ("datasets", False, True): 1,
        }
        queue.resume(Scope.NAMESPACE, "b")
        assert max(depth.jobs for depth in inspection.depths() if depth.crowded) == 200


class TestJobs:
    def test_a_ready_job_tells_its_place_and_nothing_of_a_run(self, queue: Queue, inspection: Inspection) -> None:
        queue.add(split("train"))
        (job,) = inspection.jobs(limit=10)
        assert (job.type, job.dataset, job.config, job.split) == ("splits", "acme/csv", "default", "train")
        assert (job.status, job.priority, job.attempt, job.again) == (Status.READY, "normal", 0, False)
        assert (job.owner, job.started_at, job.due_at) == (None, None, None)
        assert job.created_at <= inspection.now()

    def test_a_running_job_tells_who_has_it_until_when_and_that_it_runs_again(
        self, queue: Queue, inspection: Inspection
    ) -> None:
        queue.add(CSV)
        claim_next(queue)
        queue.add(CSV)
        (job,) = inspection.jobs(limit=10)
        assert (job.status, job.owner, job.attempt, job.again) == (Status.RUNNING, "me", 1, True)
        assert job.due_at is not None
        assert job.started_at is not None
        assert job.due_at > job.started_at

    def test_a_delayed_job_tells_when_it_is_due_and_what_came_in_its_way(
        self, queue: Queue, inspection: Inspection
    ) -> None:
        queue.add(CSV)
        queue.retry(claim_next(queue), delay_seconds=600, setback=Setback.TIMEOUT)
        (job,) = inspection.jobs(limit=10)
        assert (job.status, job.setbacks) == (Status.DELAYED, Setbacks(timeouts=1))
        assert job.due_at is not None
        assert job.due_at > inspection.now()

    def test_jobs_come_in_the_order_in_which_they_run_and_no_more_than_asked_for(
        self, queue: Queue, inspection: Inspection
    ) -> None:
        keys = [JobKey("datasets", f"acme/{number}") for number in range(5)]
        queue.add_many(keys)
        assert datasets_of(inspection.jobs(limit=3)) == ["acme/0", "acme/1", "acme/2"]

    def test_jobs_are_chosen_by_all_that_is_given(self, queue: Queue, inspection: Inspection) -> None:
        queue.add(OTHER)
        queue.add(CSV)
        queue.add(split("train"))
        claim_next(queue, "splits")
        assert len(inspection.jobs(limit=10)) == 3
        assert datasets_of(inspection.jobs(limit=10, status=Status.READY)) == ["other/csv", "acme/csv"]
        assert datasets_of(inspection.jobs(limit=10, type_="datasets", namespace="acme")) == ["acme/csv"]
        assert [job.type for job in inspection.jobs(limit=10, dataset="acme/csv", status=Status.RUNNING)] == ["splits"]
        assert datasets_of(inspection.jobs(limit=10, type_="datasets", status=Status.RUNNING)) == []
        assert datasets_of(inspection.jobs(limit=10, namespace="other", dataset="acme/csv")) == []


class TestOneKey:
    def test_of_a_key_that_never_was_there_is_nothing(self, inspection: Inspection) -> None:
        assert inspection.job(CSV) is None

    def test_a_job_shows_what_it_runs_with_now_and_next(self, queue: Queue, inspection: Inspection) -> None:
        queue.add(CSV, payload={"revision": "old"})
        claim_next(queue)
        queue.add(CSV, payload={"revision": "new"})
        view = inspection.job(CSV)
        assert view is not None
        assert view.job is not None
        assert (view.job.status, view.payload, view.next_payload) == (
            Status.RUNNING,
            {"revision": "old"},
            {"revision": "new"},
        )

    def test_its_last_runs_are_shown_latest_first_and_none_of_another_key(
        self, queue: Queue, inspection: Inspection
    ) -> None:
        for outcome in (Outcome.DONE, Outcome.FAILED, Outcome.SUPERSEDED):
            queue.add(CSV)
            queue.finish(claim_next(queue), outcome)
        die(queue, split("train"))
        view = inspection.job(CSV, runs=2)
        assert view is not None
        assert (view.job, view.dead) == (None, None)
        assert [run.outcome for run in view.history] == ["superseded", "failed"]

    def test_a_dead_job_shows_what_it_came_to_grief_on(self, queue: Queue, inspection: Inspection) -> None:
        queue.add(CSV)
        claim = claim_next(queue)
        queue.retry(claim, delay_seconds=600, setback=Setback.CRASH)
        die(queue, CSV, "JobManagerCrashedError")
        view = inspection.job(CSV)
        assert view is not None
        assert view.dead is not None
        assert (view.dead.code, view.dead.message) == ("JobManagerCrashedError", "JobManagerCrashedError of a test")
        assert (view.dead.setbacks, view.dead.attempt) == (Setbacks(crashes=1), 2)

    def test_a_job_shows_the_pauses_that_keep_it(self, queue: Queue, inspection: Inspection) -> None:
        queue.add(CSV)
        queue.pause(Scope.NAMESPACE, "acme")
        queue.pause(Scope.NAMESPACE, "other")
        queue.pause(Scope.TYPE, "datasets")
        view = inspection.job(CSV)
        assert view is not None
        assert [(pause.scope, pause.name) for pause in view.paused_by] == [
            (Scope.NAMESPACE, "acme"),
            (Scope.TYPE, "datasets"),
        ]


def replay(database: Database[dict[str, Any]], queue: Queue, **wanted: str) -> int:
    """Replays the dead that have these fields, few at a time; returns how many there were."""
    dead, until, replayed = Dead(database), Inspection(database).now(), 0
    while deaths := dead.first(wanted, until, 100):
        dead.replay(queue, deaths)
        replayed += len(deaths)
    return replayed


class TestTheDead:
    def test_a_replayed_job_runs_again_from_the_start_and_is_not_dead_any_more(
        self, queue: Queue, inspection: Inspection, queue_database: Database[dict[str, Any]]
    ) -> None:
        queue.add(CSV)
        queue.retry(claim_next(queue), delay_seconds=600, setback=Setback.FAILURE)
        die(queue, CSV)
        assert replay(queue_database, queue) == 1
        assert inspection.dead(limit=10) == []
        again = claim_next(queue)
        assert (again.key, again.attempt, again.setbacks) == (CSV, 1, Setbacks())

    def test_a_replay_that_was_cut_off_can_be_done_again(
        self, queue: Queue, inspection: Inspection, queue_database: Database[dict[str, Any]]
    ) -> None:
        die(queue, CSV)
        queue.add(CSV)  # all that a replay came to before it was cut off
        assert replay(queue_database, queue) == 1
        assert (len(inspection.jobs(limit=10)), inspection.dead(limit=10)) == (1, [])

    def test_a_job_that_dies_again_at_once_stays_among_the_dead(
        self, queue_database: Database[dict[str, Any]], queue_limits: Limits, inspection: Inspection
    ) -> None:
        class Unlucky(Queue):
            def add_many(self, keys: Sequence[JobKey], **options: Any) -> None:
                super().add_many(keys, **options)
                self.finish(claim_next(self), Outcome.DEAD, code="UnexpectedError")

        unlucky = Unlucky(queue_database, queue_limits)
        die(unlucky, CSV)
        assert replay(queue_database, unlucky) == 1
        assert [death.code for death in inspection.dead(limit=10)] == ["UnexpectedError"]

    def test_those_of_a_type_or_a_code_are_replayed_and_the_others_stay(
        self, queue: Queue, inspection: Inspection, queue_database: Database[dict[str, Any]]
    ) -> None:
        die(queue, CSV, "HfHubError")
        die(queue, OTHER, "JobOutOfMemoryError")
        die(queue, split("train"), "HfHubError")
        assert replay(queue_database, queue, type="datasets", code="HfHubError") == 1
        assert [(death.type, death.dataset) for death in inspection.dead(limit=10)] == [
            ("splits", "acme/csv"),
            ("datasets", "other/csv"),
        ]
        assert replay(queue_database, queue) == 2
        assert replay(queue_database, queue) == 0
        assert len(inspection.jobs(limit=10)) == 3

    def test_more_than_one_write_takes_are_all_replayed(
        self, queue: Queue, inspection: Inspection, queue_database: Database[dict[str, Any]]
    ) -> None:
        die(queue, CSV)
        (death,) = queue_database["dead"].find()
        keys = [JobKey("datasets", f"acme/{number:03}") for number in range(250)]
        queue_database["dead"].insert_many([{**death, "_id": str(key), "dataset": key.dataset} for key in keys])
        assert replay(queue_database, queue, type="datasets") == 251
        assert inspection.counts() == Counts({"datasets": {"ready": 251, "delayed": 0, "parked": 0, "running": 0}}, {})

    def test_what_is_forgotten_is_not_dead_and_does_not_run(
        self, queue: Queue, inspection: Inspection, queue_database: Database[dict[str, Any]]
    ) -> None:
        die(queue, CSV)
        dead = Dead(queue_database)
        deaths = dead.first({}, inspection.now(), 10)
        assert [dead.forget(deaths), dead.forget(deaths)] == [1, 0]
        assert (inspection.jobs(limit=10), inspection.dead(limit=10)) == ([], [])

    def test_the_dead_are_listed_latest_first_and_chosen_by_what_is_given(
        self, queue: Queue, inspection: Inspection
    ) -> None:
        die(queue, CSV, "HfHubError")
        die(queue, OTHER)
        die(queue, split("train"))
        assert [death.type for death in inspection.dead(limit=2)] == ["splits", "datasets"]
        assert datasets_of(inspection.dead(limit=10, namespace="other")) == ["other/csv"]
        assert datasets_of(inspection.dead(limit=10, code="HfHubError")) == ["acme/csv"]
        assert [death.type for death in inspection.dead(limit=10, dataset="acme/csv", type_="splits")] == ["splits"]


class TestCancelling:
    def test_one_job_is_cancelled_and_the_others_of_its_dataset_stay(self, queue: Queue) -> None:
        queue.add(split("train"))
        queue.add(split("test"))
        running = claim_next(queue, "splits")
        assert running.key == split("train")
        assert queue.cancel_one(split("train"))
        assert not queue.cancel_one(split("train"))
        with pytest.raises(LeaseLostError):
            queue.beat(running)
        assert claim_next(queue, "splits").key == split("test")

    def test_what_waited_for_the_slot_of_a_cancelled_job_runs(self, queue: Queue) -> None:
        for name in ("train", "test", "validation"):
            queue.add(split(name))
        running = [claim_next(queue, "splits"), claim_next(queue, "splits")]
        assert queue.claim("splits", "me") is None
        assert queue.cancel_one(running[0].key)
        assert claim_next(queue, "splits")

    def test_a_dataset_is_cancelled_with_the_jobs_of_all_types(self, queue: Queue, inspection: Inspection) -> None:
        queue.add(CSV)
        queue.add(split("train"))
        queue.add(OTHER)
        assert queue.cancel("acme/csv") == 2
        assert datasets_of(inspection.jobs(limit=10)) == ["other/csv"]
