"""What the two jobs cost that list a dataset and read its first rows, as the queue and the Hub's counter tell it.

The `splits` jobs are held until the `datasets` job has ended, so that the Hub's traffic of each can be told apart.
"""

from pathlib import Path

import httpx2
from libqueue.model import JobKey

from bench.errors import BenchError
from bench.fresh_script import ROWS
from bench.job_runs import JobRuns
from bench.local_hub import LocalHub
from bench.rows.cost import Cost
from bench.running_stack import RunningStack

_PAGE_SECONDS = 60.0


def measure(stack: RunningStack, hub: LocalHub, jobs: JobRuns, folder: Path, name: str, splits: int) -> Cost:
    """Puts a folder into the Hub under a name that it doesn't know, and waits for its jobs.

    With several splits, it is the `datasets` job and one of the others: their sums are divided by their number.

    Raises:
        BenchError: a job doesn't end well, or its page isn't what was to be read.
    """
    jobs.hold_splits()
    before = hub.traffic_at_rest()
    _move(folder, stack.datasets / name)
    listing = jobs.ended(JobKey("datasets", name))
    listed = hub.traffic()
    keys = jobs.held_splits(name)
    if len(keys) != splits:
        raise BenchError(f"{name} has {len(keys)} splits jobs, not {splits}")
    jobs.start_splits()
    readings = [jobs.ended(key) for key in keys]
    list_traffic, read_traffic = listed - before, hub.traffic() - listed
    for key in keys:
        _check_page(stack, key)
    return Cost(
        listing.seconds + sum(reading.seconds for reading in readings) / splits,
        list_traffic.requests + read_traffic.requests / splits,
        list_traffic.bytes + read_traffic.bytes / splits,
        max(_peak(run.peak_memory_bytes, name) for run in (listing, *readings)),
    )


def withdraw(stack: RunningStack, jobs: JobRuns, folder: Path, name: str) -> None:
    """Takes a dataset out of the Hub again, into its folder, and waits for the job that notices."""
    _move(stack.datasets / name, folder)
    jobs.ended_again(JobKey("datasets", name))


def _move(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    source.rename(target)


def _check_page(stack: RunningStack, key: JobKey) -> None:
    where = {"dataset": key.dataset, "config": key.config, "split": key.split}
    answer = httpx2.get(f"{stack.api}/first-rows", params=where, timeout=_PAGE_SECONDS)
    if answer.status_code != 200:
        raise BenchError(f"/first-rows of {key} answers {answer.status_code}: {answer.text}")
    rows = answer.json()["rows"]
    if len(rows) != ROWS or any("cell_errors" in row for row in rows):
        raise BenchError(f"/first-rows of {key} has {len(rows)} rows, of which the last is {rows[-1:]}")


def _peak(peak_bytes: int | None, name: str) -> int:
    if peak_bytes is None:
        raise BenchError(f"the memory of the jobs of {name} is not known on this machine")
    return peak_bytes
