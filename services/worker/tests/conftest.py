import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hub.testing import running_hub
from libqueue.model import Limits
from libqueue.queue import Queue
from pymongo import MongoClient
from pymongo.database import Database
from worker.asking import CHILD_SECONDS
from worker.execution import Executor
from worker.stopping import Stopping

from services.worker.tests.comparing import PROGRAM, Lead, Start, Turn, settings_of
from services.worker.tests.reconciler import executor_of, reconciliation_of
from services.worker.tests.station import Station


@pytest.fixture
def station(
    mongo_url: str,
    queue_database: Database[dict[str, Any]],
    cache_database: Database[dict[str, Any]],
    queue_limits: Limits,
    tmp_path: Path,
) -> Iterator[Station]:
    """A Hub without datasets, and no worker yet."""
    with running_hub(_folder(tmp_path)) as hub:
        queue = Queue(queue_database, queue_limits)
        station = Station(hub, mongo_url, (queue_database, cache_database), queue, tmp_path)
        try:
            yield station
        finally:
            station.stop()


@pytest.fixture(scope="module")
def staffed_station(
    mongo_url: str, module_database_name: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Station]:
    """A station with a worker of each type, which the tests of a module share: clear it after each."""
    with staffed(mongo_url, module_database_name, tmp_path_factory.mktemp("station")) as station:
        yield station


@contextmanager
def staffed(mongo_url: str, database_name: str, directory: Path, **settings: object) -> Iterator[Station]:
    """A station with a worker of each type, which end well with it; `settings` are theirs."""
    with MongoClient[dict[str, Any]](mongo_url, tz_aware=True) as client, running_hub(_folder(directory)) as hub:
        # Not those of the connections that a test may open and close meanwhile.
        databases = (client[f"{database_name}_queue"], client[f"{database_name}_cache"])
        station = Station(hub, mongo_url, databases, Queue(databases[0], Limits()), directory)
        try:
            started = [station.start(type_, **settings) for type_ in ("datasets", "splits")]
            yield station
            for worker in started:
                worker.send_signal(signal.SIGTERM)
            assert [worker.wait(20) for worker in started] == [0, 0]
        finally:
            station.stop()


def _folder(directory: Path) -> Path:
    datasets = directory / "datasets"
    datasets.mkdir()
    return datasets


@pytest.fixture(scope="session")
def reconciler_zygote(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Executor, Stopping]]:
    """What all leaders of this process ask the Hub with, since it takes seconds to start."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    stopping = Stopping(0)
    for number, handler in handlers.items():
        signal.signal(number, handler)
    folder = tmp_path_factory.mktemp("zygote")
    executor = executor_of(settings_of(folder, {"mongo_url": "mongodb://unused"}), stopping)
    yield executor, stopping
    executor.close()


@pytest.fixture
def lead_passes(station: Station, mongo_url: str, tmp_path: Path, reconciler_zygote: tuple[Executor, Stopping]) -> Lead:
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
            *reconciler_zygote,
            (station.queue_database, station.cache_database),
            lease_seconds=lease_seconds,
            child_seconds=child_seconds,
        )
        return reconciliation.run_when_due

    return make


@pytest.fixture
def start_reconciler(station: Station, mongo_url: str, tmp_path: Path) -> Iterator[Start]:
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
            "ASSETS_STORAGE": str(station.assets),
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
