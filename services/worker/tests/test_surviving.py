"""What workers do when they, their children, or the Hub die, hang, or are told to stop."""

import signal
import subprocess
from functools import partial

import pytest
from hub.testing import eventually
from libqueue.model import Limits

from services.worker.tests.station import HangingHub, Station, busy_processes_of, children_of, is_alive, processes_of

COUNTERS = ("crashes", "out_of_memory", "timeouts", "failures", "lost_leases")


@pytest.fixture
def queue_limits() -> Limits:
    return Limits(lease_seconds=1.0)


def is_over(station: Station, attempt: int) -> bool:
    job = station.running("splits")
    return job is None or job["attempt"] > attempt


def test_a_worker_killed_in_the_middle_of_a_job_is_replaced_by_another(station: Station) -> None:
    station.listed()
    with HangingHub(station):
        doomed = station.start("splits", LEASE_SECONDS=1)
        station.held("splits")
        processes = busy_processes_of(doomed)
        doomed.kill()
        eventually(lambda: not any(is_alive(pid) for pid in processes))
    successor = station.start("splits", LEASE_SECONDS=1)
    assert eventually(station.rows, 30) == [{"n": 1}]
    station.settle()
    successor.send_signal(signal.SIGTERM)
    assert successor.wait(20) == 0
    assert [entry.name for entry in (station.assets / ".staging").iterdir()] == [".lock"]


def test_a_worker_stopped_for_longer_than_its_lease_loses_the_job_and_throws_its_result_away(
    station: Station,
) -> None:
    station.listed()
    with HangingHub(station):
        frozen = station.start("splits", LEASE_SECONDS=1)
        owner = station.held("splits")["owner"]
        frozen.send_signal(signal.SIGSTOP)
        station.start("splits", LEASE_SECONDS=1)
        eventually(lambda: (job := station.running("splits")) and job["owner"] != owner, 20)
    assert eventually(station.rows, 30) == [{"n": 1}]
    station.settle()
    fence = station.answer("default", "train")["fence"]
    frozen.send_signal(signal.SIGCONT)
    eventually(lambda: "lease_lost" in station.log)
    assert station.answer("default", "train")["fence"] == fence
    assert frozen.poll() is None


def test_a_stopped_worker_does_not_keep_its_jobs_processes_beyond_its_lease_and_that_is_no_crash(
    station: Station,
) -> None:
    station.listed()
    with HangingHub(station):
        frozen = station.start("splits", LEASE_SECONDS=1)
        station.held("splits")
        zygote, *reading = busy_processes_of(frozen)
        frozen.send_signal(signal.SIGSTOP)
        eventually(lambda: not any(is_alive(pid) for pid in reading), 5)
        assert is_alive(zygote)
        frozen.send_signal(signal.SIGCONT)
        again = eventually(lambda: (job := station.running("splits")) and job["attempt"] == 2 and job)
        assert (again["lost_leases"], again["crashes"]) == (1, 0)
    assert eventually(station.rows, 30) == [{"n": 1}]


def test_a_worker_that_beats_keeps_its_job_for_longer_than_a_lease(station: Station) -> None:
    station.listed()
    with HangingHub(station):
        worker = station.start("splits", LEASE_SECONDS=1)
        first = station.held("splits")
        _, *reading = busy_processes_of(worker)
        eventually(lambda: (job := station.running("splits")) and (job["due_at"] - first["due_at"]).total_seconds() > 2)
        assert station.running("splits")["attempt"] == 1
        assert all(is_alive(pid) for pid in reading)


def test_a_job_whose_process_dies_is_tried_again_and_then_becomes_an_error_while_the_worker_lives(
    station: Station,
) -> None:
    station.listed()
    with HangingHub(station):
        worker = station.start("splits")
        station.start("datasets")
        for _ in range(2):
            attempt = station.hurried(lambda: station.running("splits"))["attempt"]
            reading = busy_processes_of(worker)[1:]
            subprocess.run(["kill", "-KILL", *map(str, reading)], check=True)
            eventually(partial(is_over, station, attempt))
        assert station.hurried(lambda: station.code("default", "train"), 20) == "JobManagerCrashedError"
    assert worker.poll() is None
    station.put("train.csv", "n\n2\n")
    before = station.record().revision
    eventually(lambda: station.head() != before)
    station.event()
    assert eventually(station.rows, 30) == [{"n": 2}]


def test_a_job_survives_the_death_of_the_process_that_children_are_forked_from(station: Station) -> None:
    station.listed()
    with HangingHub(station):
        worker = station.start("splits")
        station.held("splits")
        (zygote,) = children_of(worker.pid)
        subprocess.run(["kill", "-KILL", str(zygote)], check=True)
        eventually(lambda: (job := station.job("splits", "default", "train")) and job["crashes"] == 1)
    assert station.hurried(station.rows) == [{"n": 1}]
    assert worker.poll() is None


def test_a_job_is_not_hurt_when_the_process_that_children_are_forked_from_dies_between_two_jobs(
    station: Station,
) -> None:
    station.put("train.csv", "n\n1\n")
    eventually(station.head)
    with HangingHub(station):
        # It asks the Hub outside of any job.
        worker = station.start("datasets", RECONCILE_INTERVAL_SECONDS=0.1, RECONCILE_SCOPE="hub")
        # The first child only tells which layers it has.
        eventually(lambda: '"action":"isolation"' in station.log, 30)
        zygote, _ = eventually(lambda: found if len(found := processes_of(worker)) == 2 else [], 30)
        station.event()
        subprocess.run(["kill", "-KILL", str(zygote)], check=True)
    eventually(station.answer, 30)
    assert eventually(station.ended)["attempt"] == 1
    assert '"a bug"' not in station.log


def test_a_worker_goes_on_with_jobs_while_mongo_refuses_what_it_does_between_them(station: Station) -> None:
    station.put("train.csv", "n\n1\n")
    eventually(station.head)
    station.records.announce("acme/other")
    station.cache_database.command("collMod", "passes", validator={"nothing": {"$exists": True}})
    station.start("datasets", RECONCILE_INTERVAL_SECONDS=0.1)
    eventually(lambda: '"action":"reconciliation"' in station.log, 30)
    station.event()
    assert eventually(station.answer, 30)["status"] == 200


def test_an_answer_that_mongo_does_not_take_is_counted_against_its_job(station: Station) -> None:
    station.listed()
    station.cache_database.command("collMod", "answers", validator={"code": {"$ne": None}})
    station.start("splits", MAX_ATTEMPTS=1)
    assert eventually(lambda: station.code("default", "train"), 30) == "UnexpectedError"


def test_trouble_of_mongo_while_answers_are_stored_is_not_counted_against_the_job(station: Station) -> None:
    station.listed()
    for type_ in ("splits", "datasets"):
        station.start(type_)
    eventually(station.rows, 30)
    station.settle()
    station.put("README.md", "# text\n")
    before = station.record().revision
    eventually(lambda: station.head() != before)
    station.cache_database.command("collMod", "answers", validator={"nothing": {"$exists": True}})
    station.event()
    eventually(lambda: '"outcome":"mongo_trouble"' in station.log, 30)
    station.cache_database.command("collMod", "answers", validator={})
    eventually(lambda: station.answer("default", "train")["revision"] == station.head(), 30)
    assert '"outcome":"retried"' not in station.log


def test_a_job_survives_when_the_process_that_children_are_forked_from_hangs(station: Station) -> None:
    station.listed()
    worker = station.start("splits", LEASE_SECONDS=30)
    station.start("datasets")
    (zygote,) = eventually(lambda: children_of(worker.pid), 30)
    eventually(station.rows, 30)
    station.settle()
    subprocess.run(["kill", "-STOP", str(zygote)], check=True)
    station.put("train.csv", "n\n2\n")
    before = station.record().revision
    eventually(lambda: station.head() != before)
    station.event()
    assert station.hurried(lambda: (rows := station.rows()) == [{"n": 2}] and rows, 40)
    assert worker.poll() is None


def test_a_job_that_takes_too_long_becomes_an_error_that_says_so(station: Station) -> None:
    station.listed()
    with HangingHub(station):
        station.start("splits", JOB_TIMEOUT_SECONDS=0.5)
        code = station.hurried(lambda: station.code("default", "train"))
    assert code == "JobManagerExceededMaximumDurationError"
    station.settle()
    dead = station.dead()
    assert [dead[counter] for counter in COUNTERS] == [0, 0, 1, 0, 0]
    assert (dead["code"], dead["message"]) == (code, station.answer("default", "train")["json"]["error"])


def test_a_job_that_needs_too_much_memory_becomes_an_error_that_says_so(station: Station) -> None:
    station.listed()
    with HangingHub(station):
        station.start("splits", JOB_MEMORY_BYTES=1_000_000)
        code = station.hurried(lambda: station.code("default", "train"))
    assert code == "JobOutOfMemoryError"
    dead = eventually(station.dead)
    assert [dead[counter] for counter in COUNTERS] == [0, 1, 0, 0, 0]


def test_deaths_of_different_kinds_are_counted_apart_and_end_a_job_together(station: Station) -> None:
    station.listed()
    with HangingHub(station):
        worker = station.start("splits", JOB_TIMEOUT_SECONDS=4)
        station.held("splits")
        subprocess.run(["kill", "-KILL", *map(str, busy_processes_of(worker)[1:])], check=True)
        again = station.hurried(lambda: (job := station.running("splits")) and job["attempt"] == 2 and job)
        assert [again[counter] for counter in COUNTERS] == [1, 0, 0, 0, 0]
        eventually(lambda: station.code("default", "train"), 30)
    assert station.code("default", "train") == "JobManagerExceededMaximumDurationError"


def test_trouble_of_the_hub_is_tried_again_and_the_last_good_answer_stays(station: Station) -> None:
    station.listed()
    station.start("splits")
    station.start("datasets", MAX_ATTEMPTS=1)
    eventually(station.rows, 30)
    station.settle()
    station.hub.stop()
    station.event()
    station.settle()
    listing = station.answer()
    assert (listing["status"], listing["stale"]) == (200, True)
    assert station.rows() == [{"n": 1}]


def test_trouble_of_the_hub_with_no_answer_yet_is_an_error_of_the_hub(station: Station) -> None:
    station.hub.stop()
    station.start("datasets", MAX_ATTEMPTS=2)
    station.event()
    assert station.hurried(station.code) == "HfHubError"
    assert station.answer()["status"] == 502
    station.settle()
    history = eventually(station.ended)
    assert (history["outcome"], history["attempt"]) == ("dead", 2)


def test_the_processes_that_read_data_have_no_secret_in_their_environment(station: Station) -> None:
    worker = station.start("splits", HF_WEBHOOK_SECRET="a secret")
    (zygote,) = eventually(lambda: children_of(worker.pid), 30)
    environment = eventually(lambda: open(f"/proc/{zygote}/environ", "rb").read())  # noqa: PTH123, SIM115
    for secret in (b"mongodb://", b"hf_worker", b"a secret"):
        assert secret not in environment
    command = open(f"/proc/{zygote}/cmdline", "rb").read()  # noqa: PTH123, SIM115
    assert b"worker" not in command.replace(b"services/worker", b"")


def test_a_job_whose_revision_is_gone_starts_again_at_the_new_head_and_no_failure_is_counted(station: Station) -> None:
    station.listed()
    before = station.head()
    station.put("train.csv", "n\n2\n")
    eventually(lambda: station.head() != before)
    for type_ in ("splits", "datasets"):
        station.start(type_)
    assert eventually(lambda: station.rows() == [{"n": 2}] and station.rows(), 30)
    station.settle()
    assert "retried" not in station.log
    assert '"crash"' not in station.log


def test_a_job_that_keeps_losing_its_worker_ends_with_an_error(station: Station) -> None:
    station.listed()
    station.queue_database["jobs"].update_one({"type": "splits"}, {"$set": {"lost_leases": 10}})
    station.start("splits")
    assert eventually(lambda: station.code("default", "train"), 30) == "JobManagerCrashedError"
