"""What `bench rows` measures of the library."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from bench.errors import BenchError
from bench.local_hub import LocalHub
from bench.rows import library
from bench.rows.images import write_parquet
from bench.running_stack import RunningStack
from hub.testing import RunningHub, running_hub

HEADER = "number\n"


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[RunningHub]:
    datasets = tmp_path / "datasets"
    write_parquet(datasets / "acme/images/data.parquet", 100)
    (datasets / "acme/images/README.md").write_text("# Images\n")
    (datasets / "acme/short").mkdir()
    (datasets / "acme/short/data.csv").write_text(HEADER + "1\n" * 99)
    with running_hub(datasets) as running:
        yield running


@pytest.fixture
def stack(hub: RunningHub, tmp_path: Path) -> RunningStack:
    """As much of one as the library needs."""
    return RunningStack(port=0, hub=hub.endpoint, data=tmp_path, mongo_url="", queue_database="", cache_database="")


def test_a_dataset_costs_what_the_hub_served(hub: RunningHub, stack: RunningStack) -> None:
    before = hub.traffic
    cost = library.read(stack, LocalHub(hub.endpoint), "acme/images")
    after = hub.traffic
    assert (cost.requests, cost.bytes) == tuple(after[name] - before[name] for name in ("requests", "bytes"))
    # All of the file, whose images are there to be decoded.
    assert cost.bytes > (hub.directory / "acme/images/data.parquet").stat().st_size
    assert cost.seconds > 0
    assert cost.peak_bytes > 50_000_000


def test_each_run_begins_with_an_empty_cache(hub: RunningHub, stack: RunningStack) -> None:
    first, second = (library.read(stack, LocalHub(hub.endpoint), "acme/images") for _ in range(2))
    assert (first.requests, first.bytes) == (second.requests, second.bytes)


def test_a_dataset_with_too_few_rows_is_an_error_that_says_so(hub: RunningHub, stack: RunningStack) -> None:
    with pytest.raises(BenchError, match="can't read acme/short: acme/short has 99 rows"):
        library.read(stack, LocalHub(hub.endpoint), "acme/short")
