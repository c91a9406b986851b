"""What the first rows of a dataset cost, beside the `datasets` library in the same runs at the same Hub."""

import argparse
import os
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from bench.job_runs import JobRuns, job_runs
from bench.local_hub import LocalHub
from bench.rows import library, ours
from bench.rows.catalogue import DATASETS, FULL, SMALL, Dataset, Sizes
from bench.rows.cost import Cell, Cost
from bench.rows.report import aims, latency_table
from bench.running_stack import ONE_OF_EACH, RunningStack, running_stack
from bench.table import aims_table

_NAMESPACE = "bench"


def main(arguments: list[str]) -> None:
    """Prints the tables.

    Raises:
        BenchError: a job failed, or the library can't read a dataset.
    """
    parser = argparse.ArgumentParser(prog="python -m bench rows", description=__doc__)
    names = [dataset.name for dataset in DATASETS]
    parser.add_argument("--only", nargs="+", choices=names, default=names, metavar="NAME", help=", ".join(names))
    parser.add_argument("--runs", type=int, default=3, help="runs of each, of which the medians are shown; default: 3")
    parser.add_argument("--latency", nargs="+", type=int, default=[0, 100], help="of the Hub, in ms; default: 0 100")
    parser.add_argument("--small", action="store_true", help="small files, to see that all of it works")
    options = parser.parse_args(arguments)
    chosen = [dataset for dataset in DATASETS if dataset.name in options.only]
    with running_stack(ONE_OF_EACH) as stack, job_runs(stack) as jobs:
        bench = _Bench(stack, LocalHub(stack.hub), jobs, SMALL if options.small else FULL)
        bench.warm_up()
        cells = [cell for dataset in chosen for cell in bench.measure(dataset, options.latency, options.runs)]
    print(f"The first 100 rows, medians of {options.runs} runs, {os.cpu_count()} CPUs.")
    for latency in options.latency:
        print(f"\n{latency} ms latency at the Hub: a datasets and a splits job beside the library.")
        print(latency_table([cell for cell in cells if cell.latency == latency]))
    print(f"\n{aims_table(aims(cells, {dataset.name: dataset.kind for dataset in chosen}))}")


class _Bench:
    def __init__(self, stack: RunningStack, hub: LocalHub, jobs: JobRuns, sizes: Sizes) -> None:
        self._stack = stack
        self._hub = hub
        self._jobs = jobs
        self._sizes = sizes

    def warm_up(self) -> None:
        """The first jobs pay for what a process does once."""
        folder = self._write(DATASETS[0])
        self._run(DATASETS[0], folder, "warm-up")
        shutil.rmtree(folder)

    def measure(self, dataset: Dataset, latencies: Sequence[int], runs: int) -> Iterator[Cell]:
        """Reads a dataset so often at each latency, under a new name each time, and removes it."""
        begun = time.monotonic()
        folder = self._write(dataset)
        _say(f"{dataset.name}: written", begun)
        for latency in latencies:
            begun = time.monotonic()
            self._hub.set_latency(latency)
            costs = [self._run(dataset, folder, f"{dataset.name}-{latency}-{run}") for run in range(runs)]
            _say(f"{dataset.name}: {runs} runs at {latency} ms", begun)
            yield Cell(dataset.name, latency, *(Cost.median(some) for some in zip(*costs, strict=True)))
        self._hub.set_latency(0)
        shutil.rmtree(folder)

    def _write(self, dataset: Dataset) -> Path:
        folder = self._stack.data / "written" / dataset.name
        dataset.write(folder, self._sizes)
        return folder

    def _run(self, dataset: Dataset, folder: Path, name: str) -> tuple[Cost, Cost]:
        full_name, splits = f"{_NAMESPACE}/{name}", dataset.splits(self._sizes)
        of_ours = ours.measure(self._stack, self._hub, self._jobs, folder, full_name, splits)
        of_library = library.read(self._stack, self._hub, full_name)
        ours.withdraw(self._stack, self._jobs, folder, full_name)
        return of_ours, of_library


def _say(what: str, begun: float) -> None:
    print(f"{what}, {time.monotonic() - begun:.0f} s", file=sys.stderr, flush=True)
