"""The counter of requests and bytes: what it counts, what it leaves out, and who may see it."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import httpx2
import pytest
from hub.faults import Faults
from hub.testing import RunningHub, WebhookReceiver, eventually, running_hub

ME = {"Authorization": "Bearer hf_me"}
DATASET = "/api/datasets/acme/x"
SMALL = "/datasets/acme/x/resolve/main/small.csv"
BIG = "/datasets/acme/x/resolve/main/big.bin"
# More than the buffers of a connection hold.
BIG_BYTES = 30_000_000
Cost = Callable[[Callable[[], object]], tuple[int, int]]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHub]:
    directory = tmp_path_factory.mktemp("traffic")
    (directory / "acme/x").mkdir(parents=True)
    (directory / "acme/x/small.csv").write_text("0123456789")
    (directory / "acme/x/big.bin").write_bytes(bytes(BIG_BYTES))
    with running_hub(directory) as running:
        yield running


@pytest.fixture
def hub(shared: RunningHub) -> Iterator[RunningHub]:
    """A Hub that has no faults before a test, nor after."""
    yield shared
    shared.set_faults(Faults())


@pytest.fixture
def cost(hub: RunningHub) -> Cost:
    """The requests and bytes that calling something cost."""

    def cost(do: Callable[[], object]) -> tuple[int, int]:
        before = hub.traffic
        do()
        after = hub.traffic
        return after["requests"] - before["requests"], after["bytes"] - before["bytes"]

    return cost


@pytest.mark.parametrize("path", [SMALL, BIG, DATASET, "/api/datasets/acme/none"])
def test_each_answer_counts_with_the_bytes_of_its_body(hub: RunningHub, cost: Cost, path: str) -> None:
    length = len(hub.http.get(path).content)
    assert length > 0
    assert cost(lambda: [hub.http.get(path) for _ in range(2)]) == (2, 2 * length)


def test_a_range_counts_as_what_was_asked_for(hub: RunningHub, cost: Cost) -> None:
    assert cost(lambda: hub.http.get(BIG, headers={"Range": "bytes=1000-1999"})) == (1, 1000)


@pytest.mark.parametrize("path", [BIG, DATASET])
def test_an_answer_to_head_counts_without_bytes(hub: RunningHub, cost: Cost, path: str) -> None:
    assert cost(lambda: hub.http.head(path)) == (1, 0)


def test_of_a_body_that_is_cut_the_part_that_was_sent_counts(hub: RunningHub, cost: Cost) -> None:
    received: list[bytes] = []

    def get_often() -> None:
        for _ in range(20):
            with suppress(httpx2.RemoteProtocolError), hub.http.stream("GET", SMALL) as answer:
                received.extend(answer.iter_raw())

    hub.set_faults(Faults(cut=1))
    assert cost(get_often) == (20, sum(len(part) for part in received))
    assert set(received) == {b"01234"}


def test_of_a_body_that_nobody_waits_for_only_a_part_counts(hub: RunningHub, cost: Cost) -> None:
    def hang_up() -> None:
        with hub.http.stream("GET", BIG) as answer:
            next(answer.iter_raw())

    requests, sent = cost(hang_up)
    assert requests == 1
    assert 0 < sent < BIG_BYTES


@pytest.mark.parametrize("faults", [Faults(too_many=1), Faults(server_error=1)])
def test_a_request_that_meets_a_fault_counts_with_the_answer_it_got(
    hub: RunningHub, cost: Cost, faults: Faults
) -> None:
    hub.set_faults(faults)
    bodies = []
    assert cost(lambda: bodies.append(hub.http.get(BIG).content)) == (1, len(bodies[0]))


def test_the_healthcheck_the_faults_and_the_counter_itself_do_not_count(hub: RunningHub, cost: Cost) -> None:
    def ask() -> None:
        for path in ("/healthcheck", "/faults", "/traffic"):
            assert hub.http.get(path, headers=ME).status_code == 200
        hub.set_faults(Faults())

    assert cost(ask) == (0, 0)


@pytest.mark.parametrize("faults", [Faults(too_many=1), Faults(server_error=1), Faults(cut=1)])
def test_the_counter_is_never_hit_by_faults(hub: RunningHub, faults: Faults) -> None:
    before = hub.traffic
    hub.set_faults(faults)
    assert [hub.traffic for _ in range(10)] == [before] * 10


def test_webhooks_do_not_count(tmp_path: Path) -> None:
    (tmp_path / "acme/x").mkdir(parents=True)
    receiver = WebhookReceiver()
    with receiver.listening(), running_hub(tmp_path, webhooks=[receiver.url]) as hub:
        eventually(lambda: receiver.about("acme/x"))
        assert hub.traffic == {"requests": 0, "bytes": 0}


@pytest.mark.parametrize(
    ("token", "status"), [(None, 401), ("hf_nobody", 401), ("hf_stranger", 403), ("hf_worker", 403)]
)
def test_the_counter_is_for_me_alone(hub: RunningHub, token: str | None, status: int) -> None:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    assert hub.http.get("/traffic", headers=headers).status_code == status
