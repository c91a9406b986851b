"""What a comparison with the Hub finds, and how workers share it. No job is run but where workers are started."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hub.faults import Faults
from hub.testing import eventually
from huggingface_hub import HfApi
from libcache.answers import Answer, AnswerKey, Kind
from libcache.records import Record
from libcache.schema import Visibility
from libcommon.errors import CodedError
from libqueue.model import JobKey, Priority
from worker.passes import Passes, Phase, Step
from worker.reconciliation_settings import ReconciliationSettings

from services.worker.tests.station import Station

PROGRAM = Path(__file__).parent / "reconciler.py"
# To start one takes some seconds, a good many on a machine that has other things to do.
SECONDS = 60
EVERY_MINUTE = ReconciliationSettings.model_validate({"reconcile_interval_seconds": 60, "reconcile_page_seconds": 0})
SLOWLY = ReconciliationSettings.model_validate({"reconcile_interval_seconds": 60, "reconcile_page_seconds": 50})
Start = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def start(station: Station, mongo_url: str, tmp_path: Path) -> Iterator[Start]:
    """Starts a reconciler; settings are environment variables."""
    started: list[subprocess.Popen[bytes]] = []

    def run(lease_seconds: float = 30, **settings: object) -> "subprocess.Popen[bytes]":
        environment = {
            **os.environ,
            "MONGO_URL": mongo_url,
            "MONGO_QUEUE_DATABASE": station.queue_database.name,
            "MONGO_CACHE_DATABASE": station.cache_database.name,
            "HF_ENDPOINT": station.hub.endpoint,
            "HF_TOKEN": "hf_worker",
            "ASSETS_DIRECTORY": str(station.assets),
            "SCRATCH_DIRECTORY": str(station.scratch),
            "RECONCILE_PAGE_SECONDS": "0",
            "RECONCILE_SCOPE": "hub",
            **{name: str(value) for name, value in settings.items()},
        }
        started.append(subprocess.Popen([sys.executable, PROGRAM, str(lease_seconds)], env=environment))
        return started[-1]

    yield run
    for process in started:
        process.kill()
        process.wait()


def state(station: Station) -> Any:
    """How far the pass is; nothing before the first reconciler came."""
    return station.cache_database["reconciliation"].find_one() or {}


def is_over(station: Station) -> Any:
    return state(station).get("finished_at")


def queued(station: Station) -> set[str]:
    """The datasets with a job of their own."""
    return {job["dataset"] for job in station.queue_database["jobs"].find({"type": "datasets"})}


def put(station: Station, dataset: str) -> str:
    """A dataset on the Hub of which nobody was told; its revision."""
    station.put("train.csv", "n\n1\n", dataset)
    revision = eventually(lambda: station.head(dataset), SECONDS)
    assert revision is not None
    return revision


def finished(station: Station, dataset: str, revision: str | None = None) -> Record:
    """A dataset on the Hub, with everything in the cache that jobs make of it."""
    revision = revision or put(station, dataset)
    record = station.records.observe(station.records.raise_fence(dataset), Visibility.PUBLIC, revision)
    assert record is not None
    listing = Answer(b"{}", splits=[["default", "train"]])
    station.answers.write(AnswerKey(Kind.SPLITS, dataset), listing, record, revision)
    station.answers.write(AnswerKey(Kind.FIRST_ROWS, dataset, "default", "train"), Answer(b"{}"), record, revision)
    return record


def requests(station: Station) -> int:
    """How many requests the Hub got since `count_requests`, but for those with which a test asks it."""
    return station.hub.injected["latency"]


def count_requests(station: Station, **faults: Any) -> None:
    station.hub.set_faults(Faults(latency_ms=1, **faults))


def change_on_the_hub(station: Station) -> None:
    """One dataset each that is new, has moved on, is gone, is private now and is what it was, and no event of it."""
    for dataset in ("acme/moved", "acme/deleted", "acme/hidden", "acme/same"):
        finished(station, dataset)
    put(station, "other/new")
    hub = HfApi(station.hub.endpoint, token="hf_me")
    hub.delete_repo("acme/deleted", repo_type="dataset")
    hub.update_repo_settings("acme/hidden", private=True, repo_type="dataset")
    before = station.head("acme/moved")
    station.put("train.csv", "n\n2\n", "acme/moved")
    eventually(lambda: station.head("acme/moved") != before)


def test_a_pass_finds_all_that_no_webhook_told_and_queues_it_with_low_priority(station: Station, start: Start) -> None:
    change_on_the_hub(station)
    start()
    eventually(lambda: is_over(station), SECONDS)
    assert queued(station) == {"other/new", "acme/moved", "acme/deleted", "acme/hidden"}
    assert {job["priority"] for job in station.queue_database["jobs"].find()} == {Priority.LOW}
    assert station.record("acme/hidden").visibility is Visibility.CLOSED
    assert station.record("acme/moved").refreshing
    assert not station.record("acme/same").refreshing


def test_where_only_known_datasets_are_compared_the_others_stay_unknown(station: Station, start: Start) -> None:
    change_on_the_hub(station)
    start(RECONCILE_SCOPE="known", RECONCILE_PAGE_LENGTH=2)
    eventually(lambda: is_over(station), SECONDS)
    assert queued(station) == {"acme/moved", "acme/deleted", "acme/hidden"}
    assert {station.record(f"acme/{name}").visibility for name in ("deleted", "hidden")} == {Visibility.CLOSED}


def test_a_pass_finds_what_was_left_half_done_and_leaves_alone_what_has_its_job(station: Station, start: Start) -> None:
    finished(station, "acme/whole")
    # A page that is missing, and one whose job waits.
    for dataset in ("acme/without-rows", "acme/waiting"):
        record = finished(station, dataset)
        station.answers.drop_first_rows(station.records.raise_fence(record.dataset))
    station.queue.add(JobKey("splits", "acme/waiting", "default", "train"))
    # A listing that was given up, and one that a job died before.
    given_up = finished(station, "acme/given-up")
    station.answers.write(
        AnswerKey(Kind.SPLITS, given_up.dataset),
        Answer.of_error(CodedError("HfHubError", "later")),
        station.records.raise_fence(given_up.dataset),
        given_up.revision,
    )
    revision = put(station, "acme/not-listed")
    station.records.observe(station.records.raise_fence("acme/not-listed"), Visibility.PUBLIC, revision)
    # An event whose job was lost, and a closed dataset whose job was.
    finished(station, "acme/event-lost")
    station.records.announce("acme/event-lost")
    finished(station, "acme/closed")
    station.records.close("acme/closed")
    # What the data is at fault for is finished.
    broken = finished(station, "acme/broken")
    station.answers.write(
        AnswerKey(Kind.FIRST_ROWS, broken.dataset, "default", "train"),
        Answer.of_error(CodedError("CorruptDataError", "mend it")),
        station.records.raise_fence(broken.dataset),
        broken.revision,
    )
    start(RECONCILE_PAGE_LENGTH=3)
    eventually(lambda: is_over(station), SECONDS)
    left = {"without-rows", "given-up", "not-listed", "event-lost", "closed"}
    assert queued(station) == {f"acme/{name}" for name in left}


def test_workers_finish_what_a_pass_found(station: Station, start: Start) -> None:
    change_on_the_hub(station)
    start()
    station.start("datasets")
    station.start("splits")
    eventually(lambda: is_over(station), SECONDS)
    station.settle()
    assert station.rows(dataset="other/new") == [{"n": 1}]
    assert station.rows(dataset="acme/moved") == [{"n": 2}]
    assert station.record("acme/deleted").visibility is Visibility.MISSING
    assert station.record("acme/hidden").visibility is Visibility.PRIVATE
    assert station.rows(dataset="acme/hidden") == [{"n": 1}]


def test_two_workers_do_the_work_of_one(station: Station, start: Start) -> None:
    for number in range(8):
        put(station, f"acme/{number}")
    count_requests(station)
    for _ in range(2):
        start(RECONCILE_PAGE_LENGTH=1)
    eventually(lambda: is_over(station), SECONDS)
    assert requests(station) == 8
    assert len(queued(station)) == 8


def test_another_worker_goes_on_where_a_killed_one_was(station: Station, start: Start) -> None:
    for number in range(6):
        put(station, f"acme/{number}")
    count_requests(station)
    leader = start(lease_seconds=3, RECONCILE_PAGE_LENGTH=1, RECONCILE_PAGE_SECONDS=0.5)
    eventually(lambda: (state(station).get("cursor") or "") >= "acme/2", SECONDS)
    leader.send_signal(signal.SIGKILL)
    leader.wait()
    start(lease_seconds=3, RECONCILE_PAGE_LENGTH=1)
    eventually(lambda: is_over(station), SECONDS)
    assert len(queued(station)) == 6
    # The page that the first one had in its hands is asked for again, if it had one.
    assert requests(station) in (6, 7)


def test_a_worker_that_was_held_up_does_not_set_back_the_one_that_took_over(station: Station) -> None:
    def passes(owner: str) -> Passes:
        return Passes(station.cache_database, owner, EVERY_MINUTE, lease_seconds=0)

    def step(owner: str) -> Step | None:
        return taken if isinstance(taken := passes(owner).take(), Step) else None

    held_up = eventually(lambda: step("first"), SECONDS)
    later = eventually(lambda: step("second"), SECONDS)
    assert held_up is not None
    assert later is not None
    passes("second").advance(later, Phase.CATALOGUE, "acme/b")
    passes("first").advance(held_up, Phase.CATALOGUE, "acme/a")
    passes("first").finish(held_up)
    assert (state(station)["cursor"], is_over(station)) == ("acme/b", None)


def test_while_a_lease_holds_nobody_else_takes_a_step(station: Station) -> None:
    leader, other = (Passes(station.cache_database, owner, EVERY_MINUTE) for owner in ("leader", "other"))
    eventually(lambda: isinstance(leader.take(), Step), SECONDS)
    assert not isinstance(other.take(), Step)
    assert isinstance(leader.take(), Step)


def test_the_next_page_waits_whoever_is_to_take_it(station: Station) -> None:
    first, second = (Passes(station.cache_database, owner, SLOWLY, lease_seconds=0) for owner in ("first", "second"))
    step = eventually(lambda: taken if isinstance(taken := first.take(), Step) else None, SECONDS)
    assert step is not None
    first.advance(step, Phase.CATALOGUE, "acme/a")
    for passes in (first, second):
        wait = passes.take()
        assert not isinstance(wait, Step)
        assert wait > 0


def test_a_pass_that_only_fails_begins_anew_in_the_end(station: Station) -> None:
    passes = Passes(station.cache_database, "me", EVERY_MINUTE)
    for _ in range(20):
        step = eventually(lambda: taken if isinstance(taken := passes.take(), Step) else None, SECONDS)
        assert step is not None
        passes.advance(step, Phase.CATALOGUE, "bad") if step.cursor is None else passes.fail(step, 0)
    assert state(station)["cursor"] == "bad"
    last = passes.take()
    assert isinstance(last, Step)
    passes.fail(last, 0)
    again = passes.take()
    assert isinstance(again, Step)
    assert again.cursor is None


def test_pages_are_no_closer_together_than_the_setting_says(station: Station, start: Start) -> None:
    for number in range(4):
        put(station, f"acme/{number}")
    start(RECONCILE_PAGE_LENGTH=1, RECONCILE_PAGE_SECONDS=0.5)
    eventually(lambda: is_over(station), SECONDS)
    # Four pages of the list, and one of the records, of which there are none.
    assert is_over(station) - state(station)["started_at"] >= timedelta(seconds=4 * 0.5)


def test_a_hub_that_asks_to_slow_down_is_given_the_time_it_asks_for(station: Station, start: Start) -> None:
    put(station, "acme/csv")
    station.hub.set_faults(Faults(too_many=1.0, retry_after=8))
    start()
    eventually(lambda: state(station).get("failures"), SECONDS)
    station.hub.set_faults(Faults())
    refused = state(station)
    assert refused["not_before"] - refused["started_at"] >= timedelta(seconds=8)
    eventually(lambda: is_over(station), SECONDS)
    assert is_over(station) >= refused["not_before"]
    assert station.hub.injected["too_many"] == 1
    assert queued(station) == {"acme/csv"}


def test_a_hub_that_fails_is_asked_again(station: Station, start: Start) -> None:
    put(station, "acme/csv")
    station.hub.set_faults(Faults(server_error=1.0))
    start()
    eventually(lambda: state(station).get("failures"), SECONDS)
    station.hub.set_faults(Faults())
    eventually(lambda: is_over(station), SECONDS)
    assert queued(station) == {"acme/csv"}


def test_nothing_is_added_to_a_queue_that_is_full(station: Station, start: Start) -> None:
    put(station, "acme/csv")
    for number in range(3):
        station.queue.add(JobKey("splits", f"acme/{number}", "default", "train"))
    count_requests(station)
    start(RECONCILE_MAX_JOBS=2)
    eventually(lambda: state(station).get("version"), SECONDS)
    eventually(lambda: state(station)["not_before"] - state(station)["started_at"] >= timedelta(seconds=9), SECONDS)
    assert requests(station) == 0
    assert not queued(station)


def test_the_next_pass_begins_an_interval_after_the_end_of_the_last(station: Station, start: Start) -> None:
    put(station, "acme/csv")
    start(RECONCILE_INTERVAL_SECONDS=2)
    first = eventually(lambda: is_over(station), SECONDS)
    put(station, "acme/new")
    eventually(lambda: is_over(station) > first, SECONDS)
    assert state(station)["started_at"] >= first + timedelta(seconds=2)
    assert "acme/new" in queued(station)
