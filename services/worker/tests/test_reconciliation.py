"""What a comparison with the Hub finds, and how workers share it. No job is run but where workers are started.

Where one leader is enough, it takes its steps in the process of the tests, which share one zygote.
"""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
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
from libqueue.model import JobKey, Outcome, Priority, Setback
from pymongo.errors import PyMongoError
from worker.asking import CHILD_SECONDS
from worker.execution import Executor
from worker.settings import WorkerSettings
from worker.stopping import Stopping

from services.worker.tests.reconciler import executor_of, reconciliation_of
from services.worker.tests.station import HangingHub, Station, processes_of

PROGRAM = Path(__file__).parent / "reconciler.py"
# To start one takes some seconds, a good many on a machine that has other things to do.
SECONDS = 60
Start = Callable[..., "subprocess.Popen[bytes]"]
Turn = Callable[[], None]
Lead = Callable[..., Turn]


@pytest.fixture(scope="module")
def zygote(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Executor, Stopping]]:
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    stopping = Stopping(0)
    for number, handler in handlers.items():
        signal.signal(number, handler)
    folder = tmp_path_factory.mktemp("zygote")
    executor = executor_of(settings_of(folder, {"mongo_url": "mongodb://unused"}), stopping)
    yield executor, stopping
    executor.close()


def settings_of(folder: Path, settings: dict[str, object]) -> WorkerSettings:
    folders = {"assets_directory": folder / "assets", "scratch_directory": folder / "scratch"}
    return WorkerSettings.model_validate({**folders, "hf_token": "hf_worker", **settings})


@pytest.fixture
def lead(station: Station, mongo_url: str, tmp_path: Path, zygote: tuple[Executor, Stopping]) -> Lead:
    """Makes a leader of this process, with settings; what it gives is to be called often."""

    def make(*, child_seconds: float = CHILD_SECONDS, lease_seconds: float = 30, **settings: object) -> Turn:
        usual = {
            "mongo_url": mongo_url,
            "hf_endpoint": station.hub.endpoint,
            # So short that the first pass begins soon; who calls it no more when that is over sees no other.
            "reconcile_interval_seconds": 0.1,
            "reconcile_page_seconds": 0,
            "reconcile_scope": "hub",
        }
        reconciliation = reconciliation_of(
            settings_of(tmp_path, {**usual, **settings}),
            *zygote,
            (station.queue_database, station.cache_database),
            lease_seconds=lease_seconds,
            child_seconds=child_seconds,
        )
        return reconciliation.run_when_due

    return make


def take_turns(turn: Turn, condition: Callable[[], Any]) -> Any:
    """Has the leader take its turns until something is so."""

    def taken() -> Any:
        turn()
        return condition()

    return eventually(taken, SECONDS)


def complete(station: Station, turn: Turn) -> None:
    """One whole pass."""
    take_turns(turn, lambda: is_over(station))


@pytest.fixture
def start(station: Station, mongo_url: str, tmp_path: Path) -> Iterator[Start]:
    """Starts a reconciler of its own process; settings are environment variables."""
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
            "RECONCILE_INTERVAL_SECONDS": "21600",
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


def test_a_pass_finds_all_that_no_webhook_told_and_queues_it_with_low_priority(station: Station, lead: Lead) -> None:
    change_on_the_hub(station)
    complete(station, lead())
    assert queued(station) == {"other/new", "acme/moved", "acme/deleted", "acme/hidden"}
    assert {job["priority"] for job in station.queue_database["jobs"].find()} == {Priority.LOW}
    assert station.record("acme/hidden").visibility is Visibility.CLOSED
    assert station.record("acme/moved").refreshing
    assert not station.record("acme/same").refreshing


def test_where_only_known_datasets_are_compared_the_others_stay_unknown(station: Station, lead: Lead) -> None:
    change_on_the_hub(station)
    complete(station, lead(reconcile_scope="known", reconcile_page_length=2))
    assert queued(station) == {"acme/moved", "acme/deleted", "acme/hidden"}
    assert {station.record(f"acme/{name}").visibility for name in ("deleted", "hidden")} == {Visibility.CLOSED}


def test_a_pass_finds_what_was_left_half_done_and_leaves_alone_what_has_its_job(station: Station, lead: Lead) -> None:
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
    complete(station, lead(reconcile_page_length=3))
    left = {"without-rows", "given-up", "not-listed", "event-lost", "closed"}
    assert queued(station) == {f"acme/{name}" for name in left}


def test_workers_finish_what_a_pass_found(station: Station) -> None:
    change_on_the_hub(station)
    station.start("datasets", RECONCILE_INTERVAL_SECONDS=60, RECONCILE_SCOPE="hub", RECONCILE_PAGE_SECONDS=0)
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


def test_another_worker_goes_on_where_a_killed_one_was(station: Station, start: Start, lead: Lead) -> None:
    for number in range(6):
        put(station, f"acme/{number}")
    count_requests(station)
    leader = start(lease_seconds=3, RECONCILE_PAGE_LENGTH=1, RECONCILE_PAGE_SECONDS=0.5)
    eventually(lambda: (state(station).get("cursor") or "") >= "acme/2", SECONDS)
    leader.send_signal(signal.SIGKILL)
    leader.wait()
    complete(station, lead(lease_seconds=3, reconcile_page_length=1))
    assert len(queued(station)) == 6
    # The page that the first one had in its hands is asked for again, if it had one.
    assert requests(station) in (6, 7)


def test_pages_are_no_closer_together_than_the_setting_says(station: Station, lead: Lead) -> None:
    for number in range(4):
        put(station, f"acme/{number}")
    complete(station, lead(reconcile_page_length=1, reconcile_page_seconds=0.5))
    # Four pages of the list, and one of the records, of which there are none.
    assert is_over(station) - state(station)["started_at"] >= timedelta(seconds=4 * 0.5)


def test_a_hub_that_asks_to_slow_down_is_given_the_time_it_asks_for(station: Station, lead: Lead) -> None:
    put(station, "acme/csv")
    station.hub.set_faults(Faults(too_many=1.0, retry_after=4))
    turn = lead()
    take_turns(turn, lambda: state(station).get("failures"))
    station.hub.set_faults(Faults())
    refused = state(station)
    assert refused["not_before"] - refused["started_at"] >= timedelta(seconds=4)
    complete(station, turn)
    assert is_over(station) >= refused["not_before"]
    assert station.hub.injected["too_many"] == 1
    assert queued(station) == {"acme/csv"}


def test_a_hub_that_fails_is_asked_again(station: Station, lead: Lead) -> None:
    put(station, "acme/csv")
    station.hub.set_faults(Faults(server_error=1.0))
    turn = lead()
    take_turns(turn, lambda: state(station).get("failures"))
    station.hub.set_faults(Faults())
    complete(station, turn)
    assert queued(station) == {"acme/csv"}


def test_nothing_is_added_to_a_queue_that_is_full(station: Station, lead: Lead) -> None:
    put(station, "acme/csv")
    for number in range(3):
        station.queue.add(JobKey("splits", f"acme/{number}", "default", "train"))
    count_requests(station)
    take_turns(lead(reconcile_max_jobs=2), lambda: state(station).get("version"))
    assert state(station)["not_before"] - state(station)["started_at"] >= timedelta(seconds=9)
    assert requests(station) == 0
    assert not queued(station)


def test_the_next_pass_begins_an_interval_after_the_end_of_the_last(station: Station, lead: Lead) -> None:
    put(station, "acme/csv")
    turn = lead(reconcile_interval_seconds=2)
    first = take_turns(turn, lambda: is_over(station))
    put(station, "acme/new")
    take_turns(turn, lambda: is_over(station) > first)
    assert state(station)["started_at"] >= first + timedelta(seconds=2)
    assert "acme/new" in queued(station)


def test_a_record_without_a_place_on_the_ring_gets_it_with_its_next_job(station: Station) -> None:
    station.records.raise_fence("acme/csv")
    station.cache_database["datasets"].update_one({}, {"$unset": {"place": ""}})
    assert station.records.walk(0, 10) == ([], None)
    station.records.raise_fence("acme/csv")
    assert [record.dataset for record in station.records.walk(0, 10)[0]] == ["acme/csv"]


def fail(station: Station, key: AnswerKey, code: str) -> None:
    """Gives up a job of the revision that the record has now."""
    record = station.records.raise_fence(key.dataset)
    assert station.answers.write(key, Answer.of_error(CodedError(code, "given up")), record, record.revision)


def test_what_the_server_gave_up_is_not_tried_again_until_the_dataset_changes(station: Station, lead: Lead) -> None:
    for dataset in ("acme/page", "acme/stale-page", "acme/listing", "acme/hub"):
        finished(station, dataset)
    page = AnswerKey(Kind.FIRST_ROWS, "acme/page", "default", "train")
    station.cache_database["answers"].delete_one(page.filter)
    fail(station, page, "JobOutOfMemoryError")
    fail(station, AnswerKey(Kind.FIRST_ROWS, "acme/stale-page", "default", "train"), "JobManagerCrashedError")
    fail(station, AnswerKey(Kind.FIRST_ROWS, "acme/hub", "default", "train"), "HfHubError")
    # Jobs that list write down what an event told of only when they end well.
    station.records.announce("acme/listing")
    fail(station, AnswerKey(Kind.SPLITS, "acme/listing"), "JobManagerExceededMaximumDurationError")
    put(station, "acme/never-listed")
    fail(station, AnswerKey(Kind.SPLITS, "acme/never-listed"), "UnexpectedError")
    complete(station, lead())
    assert queued(station) == {"acme/hub"}
    for dataset in ("acme/page", "acme/stale-page", "acme/listing"):
        station.put("train.csv", "n\n2\n", dataset)
        eventually(lambda dataset=dataset: station.head(dataset) != station.record(dataset).revision)  # type: ignore[misc]
    first = is_over(station)
    take_turns(lead(), lambda: is_over(station) > first)
    assert queued(station) == {"acme/hub", "acme/page", "acme/stale-page", "acme/listing"}


def test_a_job_that_waits_for_its_time_keeps_it_unless_the_dataset_was_closed(station: Station, lead: Lead) -> None:
    change_on_the_hub(station)
    delayed = JobKey("datasets", "acme/moved")
    station.queue.add(delayed)
    claim = station.queue.claim("datasets", "me")
    assert claim is not None
    station.queue.retry(claim, delay_seconds=600, setback=Setback.FAILURE)
    before = station.queue_database["jobs"].find_one({"_id": str(delayed)})
    station.queue.add(JobKey("datasets", "acme/hidden"))
    running = station.queue.claim("datasets", "me")
    assert running is not None
    complete(station, lead())
    assert station.queue_database["jobs"].find_one({"_id": str(delayed)}) == before
    # What runs already would not see that the dataset was closed meanwhile.
    station.queue.finish(running, Outcome.DONE)
    assert "acme/hidden" in queued(station)


@contextmanager
def failing_for(*datasets: str) -> Iterator[str]:
    """A stand-in for a Hub that has every dataset, and fails to describe these."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            dataset = self.path.split("?")[0].removeprefix("/api/datasets/")
            body = json.dumps({"id": dataset, "sha": "2" * 40, "private": False, "gated": False}).encode()
            self.send_response(500 if dataset in datasets else 200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the name it has in the base
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize("page_length", [4, 20])
def test_datasets_that_the_hub_fails_to_describe_do_not_keep_a_pass_from_the_others(
    station: Station, lead: Lead, page_length: int
) -> None:
    names = {f"acme/{number}" for number in range(8)}
    for name in names:
        finished(station, name, "1" * 40)
    in_order = [record.dataset for record in station.records.walk(0, 8)[0]]
    broken = {in_order[0], in_order[1], in_order[4], in_order[7]}
    with failing_for(*broken) as endpoint:
        complete(station, lead(hf_endpoint=endpoint, reconcile_scope="known", reconcile_page_length=page_length))
    assert queued(station) == names - broken


def test_a_hub_that_describes_no_dataset_at_all_is_asked_again(station: Station, lead: Lead) -> None:
    for number in range(3):
        finished(station, f"acme/{number}")
    station.hub.set_faults(Faults(server_error=1.0))
    turn = lead(reconcile_scope="known")
    take_turns(turn, lambda: state(station).get("failures"))
    station.hub.set_faults(Faults())
    count_requests(station)
    complete(station, turn)
    assert requests(station) == 3


def test_known_datasets_are_asked_about_no_faster_than_the_setting_says(station: Station, lead: Lead) -> None:
    for number in range(6):
        finished(station, f"acme/{number}")
    count_requests(station)
    take_turns(
        lead(reconcile_scope="known", reconcile_page_length=4, reconcile_page_seconds=100),
        lambda: state(station).get("cursor"),
    )
    asked = requests(station)
    assert asked > 1
    assert state(station)["not_before"] - state(station)["started_at"] >= timedelta(seconds=100 * asked)


def test_a_hub_that_takes_too_long_counts_as_one_that_fails(station: Station, lead: Lead) -> None:
    put(station, "acme/csv")
    turn = lead(child_seconds=0.5)
    with HangingHub(station):
        take_turns(turn, lambda: state(station).get("failures"))
    failed = state(station)
    assert failed["not_before"] - failed["started_at"] >= timedelta(seconds=1)
    complete(station, turn)
    assert queued(station) == {"acme/csv"}


def test_a_worker_that_is_to_stop_does_not_wait_for_the_hub(station: Station, start: Start) -> None:
    leader = start(DRAIN_SECONDS=60, RECONCILE_INTERVAL_SECONDS=1)
    eventually(lambda: state(station).get("not_before"), SECONDS)
    with HangingHub(station):
        # The zygote, and the child that asks.
        eventually(lambda: len(processes_of(leader)) == 2, SECONDS)
        leader.send_signal(signal.SIGTERM)
        assert leader.wait(5) == 0
    assert not state(station)["failures"]


def test_where_mongo_is_in_trouble_with_this_alone_the_worker_has_turns_without_it(
    station: Station, lead: Lead
) -> None:
    station.cache_database.command("collMod", "reconciliation", validator={"never": {"$exists": True}})
    turn = lead()
    with pytest.raises(PyMongoError):
        turn()
    turn()
