"""Jobs per minute of one worker that reads small datasets, beside the same rows in a loop of fresh processes.

The worker's time is that from its first claim to its last job's end, as the queue's history tells it.
"""

import argparse
import os
import time
from collections.abc import Sequence
from datetime import timedelta

from libqueue.inspection import RunView
from libqueue.model import JobKey

from bench.errors import BenchError
from bench.fresh_script import ROWS, fresh_script
from bench.job_runs import JobRuns, job_runs
from bench.rows.tables import write_small_csv
from bench.running_stack import ONE_OF_EACH, RunningStack, running_stack
from bench.table import Aim, aims_table, columns

_CSV_ROWS = 1_000
_TIMES_AS_MANY = 3


def main(arguments: list[str]) -> None:
    """Prints the table.

    Raises:
        BenchError: a job failed.
    """
    parser = argparse.ArgumentParser(prog="python -m bench jobs", description=__doc__)
    parser.add_argument("--datasets", type=int, default=60, help="how many there are; default: 60")
    names = [f"bench/small-{number}" for number in range(parser.parse_args(arguments).datasets)]
    with running_stack(ONE_OF_EACH) as stack, job_runs(stack) as jobs:
        keys = _queued(stack, jobs, names)
        jobs.start_splits()
        of_worker = _span([jobs.ended(key) for key in keys])
        begun = time.monotonic()
        for name in names:
            fresh_script(stack, name)
        of_scripts = time.monotonic() - begun
    print(f"The first {ROWS} rows of each of {len(names)} CSV datasets of {_CSV_ROWS} rows, {os.cpu_count()} CPUs.")
    rates = {"one worker": len(names) / of_worker * 60, "fresh `python -c`": len(names) / of_scripts * 60}
    print(columns(("", "a minute"), [(who, f"{rate:.0f}") for who, rate in rates.items()]))
    ratio = of_scripts / of_worker
    print(f"\n{aims_table([Aim('jobs of one worker, of those of fresh processes', ratio, '>=', _TIMES_AS_MANY)])}")


def _queued(stack: RunningStack, jobs: JobRuns, names: Sequence[str]) -> list[JobKey]:
    """Puts the datasets into the Hub; returns their `splits` jobs once all of them wait."""
    jobs.hold_splits()
    for number, name in enumerate(names):
        write_small_csv(stack.datasets / name / "data.csv", _CSV_ROWS, seed=number)
    for name in names:
        jobs.ended(JobKey("datasets", name))
    keys = [key for name in names for key in jobs.held_splits(name)]
    if len(keys) != len(names):
        raise BenchError(f"{len(keys)} splits jobs wait, not {len(names)}")
    return keys


def _span(runs: Sequence[RunView]) -> float:
    """Seconds from the first begin to the last end."""
    first = min(run.ended_at - timedelta(seconds=run.seconds) for run in runs)
    return (max(run.ended_at for run in runs) - first).total_seconds()
