"""What a worker's /healthcheck and /metrics say."""

import signal
import socket
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest
from hub.testing import eventually
from libqueue.model import JobKey, Limits
from libqueue.queue import Queue
from pymongo.database import Database
from worker.serving import serve
from worker.stopping import Stopping
from worker.vitals import Vitals

from services.worker.tests.station import DATASET, HangingHub, Station

PATIENCE = 1.0
JOB = {"type": "splits", "attempt": 1}


def get(url: str) -> httpx2.Response:
    return httpx2.get(url, trust_env=False)


def metrics_of(url: str) -> dict[str, float]:
    """The samples, by name and labels as they are written."""
    lines = get(f"{url}/metrics").text.splitlines()
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines if line[0] != "#")}


@pytest.fixture
def stopping() -> Iterator[Stopping]:
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield Stopping(drain_seconds=8)
    for number, handler in before.items():
        signal.signal(number, handler)


def test_a_worker_tells_what_it_does_and_names_no_dataset(station: Station) -> None:
    station.listed()
    with HangingHub(station):
        worker = station.start("splits")
        eventually(lambda: station.health(worker)["state"] == "working", 30)
        health = station.health(worker)
        seconds = health["job"].pop("seconds")
        assert 0 <= seconds < 60
        assert health == {"status": "ok", "type": "splits", "state": "working", "job": JOB}
        worker.send_signal(signal.SIGTERM)
        eventually(lambda: station.health(worker)["state"] == "stopping")


def test_a_worker_without_work_is_idle_and_well(station: Station) -> None:
    worker = station.start("datasets")
    idle = {"status": "ok", "type": "datasets", "state": "idle", "job": None}
    eventually(lambda: station.health(worker) == idle, 30)


def test_a_worker_counts_what_it_does_and_names_no_dataset(station: Station) -> None:
    station.listed()
    worker = station.start("splits")
    url = station.url(worker)
    done = 'worker_jobs_total{code="",fault="",outcome="done",type="splits"}'
    metrics = eventually(lambda: found if done in (found := metrics_of(url)) else None, 30)
    assert metrics is not None
    assert metrics[done] == 1
    assert metrics['worker_working{type="splits"}'] == 0
    assert metrics['worker_job_seconds_count{type="splits"}'] == 1
    assert metrics['worker_job_seconds_sum{type="splits"}'] > 0
    assert metrics['worker_job_peak_memory_bytes_sum{type="splits"}'] > 10_000_000
    assert metrics["process_resident_memory_bytes"] > 10_000_000
    eventually(lambda: metrics_of(url)['worker_empty_claims_total{type="splits"}'] > 0)
    entry = eventually(lambda: station.ended("splits"))
    assert entry["peak_memory_bytes"] == metrics['worker_job_peak_memory_bytes_sum{type="splits"}']
    assert "acme" not in get(f"{url}/metrics").text


def test_a_worker_that_lost_its_job_counts_that(station: Station) -> None:
    station.listed()
    with HangingHub(station):
        # It learns that from its next beat.
        worker = station.start("splits", LEASE_SECONDS=3)
        url = station.url(worker)
        eventually(lambda: metrics_of(url)['worker_working{type="splits"}'] == 1, 60)
        station.queue.cancel(DATASET, "splits")
        eventually(lambda: metrics_of(url)['worker_lost_leases_total{type="splits"}'] == 1, 60)
    assert metrics_of(url)['worker_jobs_total{code="",fault="",outcome="lease_lost",type="splits"}'] == 1


def test_the_time_from_an_event_to_its_first_answers_is_measured_once(station: Station) -> None:
    urls = {type_: station.url(station.start(type_)) for type_ in ("datasets", "splits")}

    def counted(type_: str) -> float:
        return metrics_of(urls[type_]).get(f'worker_preview_seconds_count{{priority="normal",type="{type_}"}}', 0)

    station.put("train.csv", "n\n1\n")
    eventually(station.head)
    station.event()
    eventually(lambda: counted("datasets") == counted("splits") == 1, 60)
    # Without news, and then what is computed anew of the same revision.
    station.event()
    station.settle()
    station.answers.mark_all_stale(DATASET)
    station.event()
    station.settle()
    assert counted("datasets") == counted("splits") == 1
    before = station.head()
    station.put("train.csv", "n\n2\n")
    eventually(lambda: station.head() != before)
    station.event()
    eventually(lambda: counted("datasets") == counted("splits") == 2, 60)


def test_a_worker_counts_its_errors_requests_takeovers_and_connections(station: Station) -> None:
    station.queue.add(JobKey("splits", "acme/lost", "default", "train"))
    assert station.queue.claim("splits", "somebody who died") is not None
    station.queue_database["jobs"].update_many({}, {"$set": {"due_at": datetime(2000, 1, 1, tzinfo=UTC)}})
    station.event("acme/nothing")
    url = station.url(station.start("datasets"))
    failed = 'worker_jobs_total{code="DatasetNotFoundError",fault="data",outcome="failed",type="datasets"}'
    eventually(lambda: metrics_of(url).get(failed) == 1, 60)
    metrics = metrics_of(url)
    assert metrics['worker_hub_requests_total{status="404",type="datasets"}'] >= 1
    assert metrics['worker_takeovers_total{type="datasets"}'] == 1
    assert metrics['worker_mongo_open_connections{type="datasets"}'] >= 1
    station.hub.process.kill()
    station.event()
    eventually(lambda: metrics_of(url).get('worker_hub_requests_total{status="none",type="datasets"}', 0) >= 1, 60)


def test_other_paths_and_methods_are_errors_in_json(stopping: Stopping) -> None:
    url = serve("127.0.0.1", 0, Vitals("splits", stopping, PATIENCE))
    missing = get(f"{url}/nothing")
    assert (missing.status_code, missing.headers["Content-Type"]) == (404, "application/json")
    assert missing.json()["error"]
    refused = httpx2.post(f"{url}/metrics", trust_env=False)
    assert refused.status_code == 501
    assert refused.json()["error"]


def test_a_loop_that_gives_no_sign_of_life_is_not_well_until_it_does(
    queue_database: Database[dict[str, Any]], queue_limits: Limits, stopping: Stopping
) -> None:
    queue = Queue(queue_database, queue_limits)
    queue.add(JobKey("splits", DATASET, "default", "train"))
    claim = queue.claim("splits", "a test")
    assert claim is not None
    vitals = Vitals("splits", stopping, PATIENCE)
    url = f"{serve('127.0.0.1', 0, vitals)}/healthcheck"
    vitals.begun(claim)
    silent = eventually(lambda: answer if (answer := get(url)).status_code == 503 else None)
    assert silent is not None
    said: dict[str, Any] = silent.json()
    assert said["status"] == "hangs"
    assert "no sign of life" in said["error"]
    assert said["job"]["type"] == "splits"

    def is_well_after_a_sign() -> bool:
        vitals.alive()
        return get(url).status_code == 200

    eventually(is_well_after_a_sign)


def test_clients_that_hang_keep_nobody_waiting(stopping: Stopping) -> None:
    url = serve("127.0.0.1", 0, Vitals("splits", stopping, 60))
    address = ("127.0.0.1", int(url.rsplit(":", 1)[1]))
    with socket.create_connection(address) as silent, socket.create_connection(address) as slow:
        slow.sendall(b"GET /metr")
        assert get(f"{url}/healthcheck").status_code == 200
        before = time.monotonic()
        for client in (silent, slow):
            client.settimeout(30)
            assert client.recv(1) == b""
        assert time.monotonic() - before < 20


def test_a_port_that_is_taken_ends_the_start_with_a_line_that_says_so(station: Station) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        worker = station.start("splits", WORKER_PORT=taken.getsockname()[1])
        assert worker.wait(20) == 2
    assert station.log.startswith("WORKER_HOST, WORKER_PORT: can't listen on 127.0.0.1 port ")
    assert station.log.count("\n") == 1
