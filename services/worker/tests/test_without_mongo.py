"""What a worker does while Mongo doesn't answer."""

import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hub.testing import eventually
from pymongo.database import Database
from stack.mongo import MongoServer, running_mongo

from services.worker.tests.station import HangingHub, Station, busy_processes_of, is_alive

# Less than the time after which a call of Mongo that gets no answer is given up.
SOON_SECONDS = 4
# One bounded call of Mongo, and what it takes to let go: much less than a call that nothing bounds.
IDLE_SECONDS = 6


@pytest.fixture(scope="module")
def mongo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MongoServer]:
    """A server that no other test needs now."""
    with running_mongo(tmp_path_factory.mktemp("own-mongo")) as server:
        yield server


@pytest.fixture(scope="module")
def mongo_url(mongo: MongoServer) -> str:
    return mongo.url


@contextmanager
def hanging(mongo: MongoServer) -> Iterator[None]:
    """Mongo accepts connections and never answers, until it goes on."""
    mongo.process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        mongo.process.send_signal(signal.SIGCONT)


def reading(station: Station, **settings: object) -> tuple[subprocess.Popen[bytes], list[int]]:
    """A worker in the middle of a job, and the job's processes."""
    worker = station.start("splits", **settings)
    station.held("splits")
    return worker, busy_processes_of(worker)[1:]


def test_a_worker_that_can_not_beat_for_a_lease_ends_its_jobs_processes_and_that_is_no_crash(
    station: Station, mongo: MongoServer
) -> None:
    station.listed()
    with HangingHub(station):
        worker, processes = reading(station, LEASE_SECONDS=2)
        with hanging(mongo):
            eventually(lambda: not any(is_alive(pid) for pid in processes), SOON_SECONDS)
        again = eventually(lambda: (job := station.running("splits")) and job["attempt"] == 2 and job, 30)
        assert (again["lost_leases"], again["crashes"]) == (1, 0)
    assert eventually(station.rows, 30) == [{"n": 1}]
    assert worker.poll() is None


def test_a_worker_whose_mongo_comes_back_within_the_lease_goes_on_with_its_job(
    station: Station, mongo: MongoServer
) -> None:
    station.listed()
    with HangingHub(station):
        worker, processes = reading(station, LEASE_SECONDS=24)
        with hanging(mongo):
            eventually(lambda: "mongo is in trouble" in station.log, 30)
        assert all(is_alive(pid) for pid in processes)
    assert eventually(station.rows, 30) == [{"n": 1}]
    assert eventually(lambda: station.ended("splits"))["attempt"] == 1
    assert worker.poll() is None


def test_a_worker_told_to_stop_does_not_wait_long_for_mongo(station: Station, mongo: MongoServer) -> None:
    station.listed()
    with HangingHub(station):
        worker, processes = reading(station, LEASE_SECONDS=60)
        with hanging(mongo):
            worker.send_signal(signal.SIGINT)
            assert worker.wait(SOON_SECONDS) == 0
            assert not any(is_alive(pid) for pid in processes)


@pytest.mark.parametrize("type_", ["datasets", "splits"])
def test_an_idle_worker_told_to_stop_does_not_wait_long_for_mongo(
    station: Station, mongo: MongoServer, type_: str
) -> None:
    workers = {number: station.start(type_) for number in (signal.SIGTERM, signal.SIGINT)}
    for worker in workers.values():
        eventually(lambda worker=worker: station.health(worker)["state"] == "idle", 30)  # type: ignore[misc]
    with hanging(mongo):
        for number, worker in workers.items():
            worker.send_signal(number)
        limit = time.monotonic() + IDLE_SECONDS
        assert [worker.wait(max(limit - time.monotonic(), 0)) for worker in workers.values()] == [0, 0]


def test_a_worker_that_has_waited_for_mongo_stops_soon_even_if_a_comparison_with_the_hub_is_due(
    station: Station, mongo: MongoServer
) -> None:
    worker = station.start("datasets", RECONCILE_INTERVAL_SECONDS=3600)
    eventually(lambda: station.health(worker)["state"] == "idle", 30)
    with hanging(mongo):
        eventually(lambda: "upkeep" in station.log, 30)
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(IDLE_SECONDS) == 0


def test_an_idle_worker_that_stops_leaves_no_cursor_at_the_server(
    station: Station, mongo: MongoServer, cache_database: Database[dict[str, Any]]
) -> None:
    def open_cursors() -> int:
        status = cache_database.client.admin.command("serverStatus")
        return int(status["metrics"]["cursor"]["open"]["total"])

    before = open_cursors()
    worker = station.start("splits")
    eventually(lambda: open_cursors() > before, 30)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(20) == 0
    assert open_cursors() == before
