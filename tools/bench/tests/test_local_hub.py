"""What the benchmarks see of the local Hub, and set there."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from bench.local_hub import LocalHub, Traffic
from hub.testing import RunningHub, running_hub


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[RunningHub]:
    (tmp_path / "acme/x").mkdir(parents=True)
    (tmp_path / "acme/x/data.csv").write_text("0123456789")
    with running_hub(tmp_path) as running:
        yield running


def test_traffic_is_what_others_asked_for(hub: RunningHub) -> None:
    seen = LocalHub(hub.endpoint)
    assert seen.traffic() == Traffic(0, 0)
    hub.http.get("/datasets/acme/x/resolve/main/data.csv")
    assert seen.traffic_at_rest() == seen.traffic() == Traffic(1, 10)


def test_each_request_meets_the_latency_until_there_is_none(hub: RunningHub) -> None:
    seen = LocalHub(hub.endpoint)
    seen.set_latency(1)
    hub.http.get("/api/datasets/acme/x")
    seen.set_latency(0)
    hub.http.get("/api/datasets/acme/x")
    assert hub.injected["latency"] == 1
