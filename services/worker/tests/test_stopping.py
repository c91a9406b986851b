"""What a worker does with its running job when it is told to stop."""

import signal
import subprocess
import time

from hub.testing import eventually

from services.worker.tests.station import HangingHub, Station, busy_processes_of, is_alive

LONG = 60


def reading(station: Station, **settings: object) -> subprocess.Popen[bytes]:
    """A worker in the middle of a job."""
    worker = station.start("splits", **settings)
    station.held("splits")
    busy_processes_of(worker)
    return worker


def terminate_with_duplicates(worker: subprocess.Popen[bytes]) -> None:
    """As process managers do, which signal a process and its group."""
    soon = time.monotonic() + 0.3

    def sent() -> bool:
        worker.send_signal(signal.SIGTERM)
        return time.monotonic() > soon

    eventually(sent)


def assert_handed_back(station: Station) -> None:
    job = station.job("splits", "default", "train")
    assert job["status"] == "ready"
    assert [job[counter] for counter in ("failures", "crashes", "out_of_memory", "timeouts", "lost_leases")] == [0] * 5


def test_a_job_that_ends_in_time_is_stored_before_the_worker_stops(station: Station) -> None:
    station.listed()
    with HangingHub(station):
        worker = reading(station, DRAIN_SECONDS=LONG)
        terminate_with_duplicates(worker)
        assert eventually(lambda: station.health(worker)["state"]) == "stopping"
    assert worker.wait(30) == 0
    assert station.rows() == [{"n": 1}]
    assert station.is_idle()


def test_a_job_that_does_not_end_in_time_is_handed_back_and_nothing_is_left_behind(station: Station) -> None:
    station.listed()
    with HangingHub(station):
        worker = reading(station, DRAIN_SECONDS=0.3)
        processes = busy_processes_of(worker)
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(20) == 0
        assert_handed_back(station)
        assert not any(is_alive(pid) for pid in processes)
    assert [entry.name for entry in station.scratch.iterdir()] == [".lock"]
    assert [entry.name for entry in (station.assets / ".staging").iterdir()] == [".lock"]


def test_sigint_hands_the_job_back_at_once(station: Station) -> None:
    station.listed()
    with HangingHub(station):
        worker = reading(station, DRAIN_SECONDS=LONG)
        worker.send_signal(signal.SIGINT)
        assert worker.wait(20) == 0
        assert_handed_back(station)


def test_another_sigterm_a_second_later_hands_the_job_back_at_once(station: Station) -> None:
    station.listed()
    with HangingHub(station):
        worker = reading(station, DRAIN_SECONDS=LONG)

        def has_stopped() -> bool:
            worker.send_signal(signal.SIGTERM)
            return worker.poll() is not None

        eventually(has_stopped, 20)
        assert worker.wait() == 0
        assert_handed_back(station)


def test_a_worker_told_to_stop_claims_nothing_more(station: Station) -> None:
    station.put("train.csv", "n\n1\n")
    station.put("test.csv", "n\n2\n")
    eventually(station.head)
    listing = station.start("datasets")
    station.event()
    eventually(lambda: station.job("splits", "default", "test") and station.job("splits", "default", "train"))
    eventually(lambda: station.job("datasets") is None)
    listing.send_signal(signal.SIGTERM)
    assert listing.wait(20) == 0
    with HangingHub(station):
        worker = reading(station, DRAIN_SECONDS=LONG)
        worker.send_signal(signal.SIGTERM)
    assert worker.wait(30) == 0
    assert station.queue_database["jobs"].count_documents({"status": "ready"}) == 1
    assert station.queue_database["jobs"].count_documents({}) == 1
