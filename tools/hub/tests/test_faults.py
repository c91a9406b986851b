"""Injected trouble: what clients meet, who may change it, and what it never touches."""

import json
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import httpx2
import pytest
from hub.faults import FaultInjector, Faults, FaultsError
from hub.settings import SettingsError, read_settings
from hub.testing import RunningHub, WebhookReceiver, eventually, running_hub
from huggingface_hub import HfApi
from huggingface_hub.errors import HfHubHTTPError

ME = {"Authorization": "Bearer hf_me"}
DATASET = "/api/datasets/acme/x"
SMALL = "/datasets/acme/x/resolve/main/small.csv"
BIG = "/datasets/acme/x/resolve/main/big.bin"
NO_ANSWER = "no answer"
CUT_OFF = "cut off"
Send = Callable[..., str | int]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHub]:
    directory = tmp_path_factory.mktemp("faults")
    (directory / "acme/x").mkdir(parents=True)
    (directory / "acme/x/small.csv").write_text("0123456789")
    (directory / "acme/x/big.bin").write_bytes(os.urandom(3_000_000))
    with running_hub(directory) as running:
        yield running


@pytest.fixture
def faulty(shared: RunningHub) -> Iterator[RunningHub]:
    """A Hub that has no faults before a test, nor after."""
    yield shared
    shared.set_faults(Faults())


@pytest.fixture
def send(faulty: RunningHub) -> Send:
    """Send a request, and give the status of its answer, or say how it was cut."""

    def send(method: str, path: str, **options: Any) -> str | int:
        status = None
        try:
            with faulty.http.stream(method, path, **options) as answer:
                status = answer.status_code
                answer.read()
        except (httpx2.RemoteProtocolError, httpx2.NetworkError):
            return NO_ANSWER if status is None else CUT_OFF
        return status

    return send


def test_every_answer_takes_the_latency_at_least(faulty: RunningHub) -> None:
    faulty.set_faults(Faults(latency_ms=200))
    began = time.monotonic()
    assert faulty.http.get(DATASET).status_code == 200
    assert time.monotonic() - began >= 0.2


def test_jitter_is_a_random_addition_to_the_latency() -> None:
    injector = FaultInjector(Faults(latency_ms=100, jitter_ms=50))
    delays = [injector.next_fate().seconds for _ in range(100)]
    assert 0.1 <= min(delays) < 0.11
    assert 0.14 < max(delays) < 0.15


def test_too_many_requests_come_with_the_seconds_to_wait(faulty: RunningHub) -> None:
    faulty.set_faults(Faults(too_many=1, retry_after=7))
    answer = faulty.http.get(DATASET)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "7")
    assert answer.json() == {"error": "An injected fault."}


def test_the_unmodified_client_is_told_to_wait(faulty: RunningHub) -> None:
    api = HfApi(endpoint=faulty.endpoint, token=False)
    faulty.set_faults(Faults(too_many=1, retry_after=7))
    with pytest.raises(HfHubHTTPError) as raised:
        api.dataset_info("acme/x")
    assert raised.value.response.status_code == 429
    assert raised.value.response.headers["Retry-After"] == "7"
    faulty.set_faults(Faults())
    assert api.dataset_info("acme/x").id == "acme/x"


def test_server_errors_are_of_all_kinds(faulty: RunningHub, send: Send) -> None:
    faulty.set_faults(Faults(server_error=1))
    assert {send("GET", DATASET) for _ in range(40)} == {500, 502, 503, 504}


@pytest.mark.parametrize("path", [DATASET, SMALL, BIG])
def test_a_connection_is_cut_before_the_answer_or_in_its_body(faulty: RunningHub, send: Send, path: str) -> None:
    log = faulty.log
    faulty.set_faults(Faults(cut=1))
    assert {send("GET", path) for _ in range(20)} == {NO_ANSWER, CUT_OFF}
    faulty.set_faults(Faults())
    assert send("GET", path) == 200
    assert "ERROR" not in faulty.log.removeprefix(log)


def test_a_cut_answer_has_a_part_of_its_body(faulty: RunningHub) -> None:
    faulty.set_faults(Faults(cut=1))
    received: set[bytes] = set()
    for _ in range(20):
        with suppress(httpx2.RemoteProtocolError), faulty.http.stream("GET", SMALL) as answer:
            received.update(answer.iter_raw())
    assert received == {b"01234"}


def test_an_answer_without_a_body_is_cut_before_it_begins(faulty: RunningHub, send: Send) -> None:
    faulty.set_faults(Faults(cut=1))
    assert {send("HEAD", path) for path in (DATASET, SMALL, BIG) for _ in range(10)} == {NO_ANSWER}


def test_a_request_that_was_refused_or_failed_changed_nothing(faulty: RunningHub, send: Send) -> None:
    faulty.set_faults(Faults(too_many=0.5, server_error=0.5))
    for number in range(10):
        send("POST", "/api/repos/create", headers=ME, json={"name": f"me/refused-{number}", "type": "dataset"})
    faulty.set_faults(Faults())
    assert faulty.http.get("/api/datasets", params={"search": "refused"}).json() == []


def test_a_request_whose_answer_was_cut_off_was_done_and_one_without_an_answer_was_not(
    faulty: RunningHub, send: Send
) -> None:
    faulty.set_faults(Faults(cut=1))
    met = {
        name: send("POST", "/api/repos/create", headers=ME, json={"name": name, "type": "dataset"})
        for name in (f"me/cut-{number}" for number in range(10))
    }
    faulty.set_faults(Faults())
    made = {dataset["id"] for dataset in faulty.http.get("/api/datasets", params={"search": "cut"}).json()}
    assert set(met.values()) == {NO_ANSWER, CUT_OFF}
    assert made == {name for name, outcome in met.items() if outcome == CUT_OFF}


def test_what_was_injected_is_counted_and_the_counts_outlive_a_change(faulty: RunningHub, send: Send) -> None:
    before = faulty.injected
    faulty.set_faults(Faults(jitter_ms=1, too_many=0.2, server_error=0.2, cut=0.2))
    met = [send("GET", SMALL) for _ in range(100)]
    faulty.set_faults(Faults())
    assert {name: count - before[name] for name, count in faulty.injected.items()} == {
        "latency": 100,
        "too_many": met.count(429),
        "server_error": sum(met.count(status) for status in (500, 502, 503, 504)),
        "cut": met.count(NO_ANSWER) + met.count(CUT_OFF),
    }
    assert all(met.count(outcome) for outcome in (200, 429, 500, 502, 503, 504, NO_ANSWER, CUT_OFF))


def test_a_seed_repeats_what_happened(faulty: RunningHub, send: Send) -> None:
    def run(seed: int) -> list[str | int]:
        faulty.set_faults(Faults(too_many=0.2, server_error=0.2, cut=0.2, seed=seed))
        return [send("GET", SMALL) for _ in range(30)]

    assert run(7) == run(7) != run(8)


def test_the_same_requests_are_met_when_another_fault_is_added() -> None:
    alone, together = FaultInjector(Faults(too_many=0.2)), FaultInjector(Faults(too_many=0.2, cut=0.3, jitter_ms=10))
    refused = [[i.next_fate().trouble == "too_many" for _ in range(100)] for i in (alone, together)]
    assert refused[0] == refused[1]


def test_switching_faults_off_restores_everything(faulty: RunningHub) -> None:
    faulty.set_faults(Faults(server_error=1))
    assert faulty.http.get(SMALL).status_code >= 500
    answer = faulty.http.put("/faults", headers=ME, json={})
    assert answer.json()["faults"] == asdict(Faults())
    assert faulty.http.get(SMALL).text == "0123456789"


@pytest.mark.parametrize("faults", [Faults(too_many=1), Faults(server_error=1), Faults(cut=1)])
def test_the_healthcheck_and_the_faults_themselves_are_never_hit(faulty: RunningHub, faults: Faults) -> None:
    faulty.set_faults(faults)
    before = faulty.injected
    assert faulty.http.get("/healthcheck").text == "ok"
    assert faulty.http.get("/faults", headers=ME).json() == {"faults": asdict(faults), "injected": before}


@pytest.mark.parametrize(
    ("token", "status"), [(None, 401), ("hf_nobody", 401), ("hf_stranger", 403), ("hf_worker", 403)]
)
def test_faults_are_for_me_alone(faulty: RunningHub, token: str | None, status: int) -> None:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    assert faulty.http.get("/faults", headers=headers).status_code == status
    assert faulty.http.put("/faults", headers=headers, json={"cut": 1}).status_code == status
    assert faulty.http.get("/faults", headers=ME).json()["faults"] == asdict(Faults())


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ({"latency_ms": -1}, "latency_ms must be a number from 0 to 600000"),
        ({"jitter_ms": "10"}, "jitter_ms must be a number from 0 to 600000"),
        ({"too_many": 1.1}, "too_many must be a number from 0 to 1"),
        ({"too_many": True}, "too_many must be a number from 0 to 1"),
        ({"server_error": float("nan")}, "server_error must be a number from 0 to 1"),
        ({"cut": None}, "cut must be a number from 0 to 1"),
        ({"retry_after": 0.5}, "retry_after must be a whole number from 0 to 3600"),
        ({"seed": 2**32}, "seed must be a whole number from 0 to 4294967295"),
        ({"cuts": 0.1}, "there is no fault 'cuts'; known are latency_ms, jitter_ms, too_many, retry_after,"),
        ({"too_many": 0.5, "server_error": 0.3, "cut": 0.3}, "must add up to at most 1"),
    ],
)
def test_a_bad_value_is_refused_with_what_was_expected(
    faulty: RunningHub, values: dict[str, object], complaint: str
) -> None:
    faulty.set_faults(Faults(seed=5))
    # NaN isn't JSON, but it is what Python writes and reads.
    answer = faulty.http.put("/faults", headers=ME, content=json.dumps(values))
    assert answer.status_code == 400
    assert complaint in answer.json()["error"]
    assert faulty.http.get("/faults", headers=ME).json()["faults"] == asdict(Faults(seed=5))
    with pytest.raises(FaultsError, match=complaint):
        Faults.of(values)


@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        ("cut=2", "--faults: cut must be a number from 0 to 1"),
        ("cut=much", "--faults: cut must be a number from 0 to 1"),
        ("cut=nan", "--faults: cut must be a number from 0 to 1"),
        ("retry_after=1.5", "--faults: retry_after must be a whole number from 0 to 3600"),
        ("cut", "--faults: each fault must be name=number, with commas between them"),
        ("colour=1", "--faults: there is no fault 'colour'"),
    ],
)
def test_a_bad_value_keeps_it_from_starting(tmp_path: Path, value: str, complaint: str) -> None:
    with pytest.raises(SettingsError, match=complaint):
        read_settings(["--directory", str(tmp_path), "--faults", value], {})
    with pytest.raises(SettingsError, match=complaint):
        read_settings(["--directory", str(tmp_path)], {"HUB_FAULTS": value})


def test_faults_are_read_from_the_environment_and_a_flag_wins(tmp_path: Path) -> None:
    arguments, environment = ["--directory", str(tmp_path)], {"HUB_FAULTS": "latency_ms=1.5, cut=.25,seed=7"}
    assert read_settings(arguments, environment).faults == Faults(latency_ms=1.5, cut=0.25, seed=7)
    assert read_settings([*arguments, "--faults", "too_many=1"], environment).faults == Faults(too_many=1)
    assert read_settings(arguments, {}).faults == Faults()


def test_faults_are_there_from_the_start_and_webhooks_are_spared(tmp_path: Path) -> None:
    (tmp_path / "acme/x").mkdir(parents=True)
    receiver = WebhookReceiver()
    with (
        receiver.listening(),
        running_hub(tmp_path, webhooks=[receiver.url], faults=Faults(too_many=1, retry_after=3)) as hub,
    ):
        assert hub.http.get(DATASET).headers["Retry-After"] == "3"
        eventually(lambda: receiver.about("acme/x") == [("create", "repo")])
        assert hub.injected == {"latency": 0, "too_many": 1, "server_error": 0, "cut": 0}
        assert "faults are now: too_many=1,retry_after=3\n" in hub.log


def test_it_stops_cleanly_while_answers_are_held_back(tmp_path: Path) -> None:
    with running_hub(tmp_path, faults=Faults(latency_ms=600_000)) as hub:
        host, port = hub.endpoint.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as waiting:
            waiting.sendall(b"GET /api/datasets HTTP/1.1\r\nHost: x\r\n\r\n")
            eventually(lambda: hub.injected["latency"] == 1)
            assert hub.stop() == 0
        assert "Traceback" not in hub.log
