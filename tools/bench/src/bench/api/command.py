"""Requests a second and their latency, of answers that are kept in memory and of answers that are read, each beside
its ceiling: the same bytes from memory by the same server, and the driver's bare point reads."""

import argparse
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from bench.api.cases import NAMES, cases
from bench.api.exchange import ask
from bench.api.from_memory import from_memory
from bench.api.measuring import Cell, Ground
from bench.api.published import publish
from bench.api.report import aims, kept_table, read_table
from bench.api.residence import Residence, residence
from bench.api.under_test import api_under_test
from bench.queue.team import Team, team
from bench.running_stack import ONE_OF_EACH, RunningStack, running_stack
from bench.table import aims_table

_KEEPS_SECONDS = 1
_READS_EACH_TIME = 0
_RESIDENCE_CONNECTIONS = 16


def main(arguments: list[str]) -> None:
    """Prints the tables.

    Raises:
        BenchError: an answer isn't what it must be.
    """
    parser = argparse.ArgumentParser(prog="python -m bench api", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=NAMES, default=NAMES, metavar="CASE", help=", ".join(NAMES))
    parser.add_argument("--connections", nargs="+", type=int, default=[1, 16, 64], help="default: 1 16 64")
    parser.add_argument("--processes", nargs="+", type=int, default=[1, 2], help="of the api; default: 1 2")
    parser.add_argument("--seconds", type=float, default=0.7, help="of each measurement of a run; default: 0.7")
    parser.add_argument("--runs", type=int, default=3, help="runs of each, of which the medians are shown; default: 3")
    parser.add_argument("--requests", type=int, default=200_000, help="over which memory may not grow; default: 200000")
    options = parser.parse_args(arguments)
    *fewer, most = sorted(options.processes)
    with running_stack(ONE_OF_EACH) as stack, team(stack.mongo_url, 1) as client:
        bench = _Bench(stack, client, options)
        with bench.ground(most) as ground:
            # Before anything else: the api has answered nothing yet.
            resident = bench.residence(ground)
            cells = list(bench.cells(ground))
        for processes in fewer:
            with bench.ground(processes) as ground:
                cells += bench.cells(ground)
    cells.sort(key=lambda cell: cell.processes)
    print(f"Medians of {options.runs} runs of {options.seconds} s, {os.cpu_count()} CPUs.")
    print(f"\nAnswers that are kept in memory, beside the same bytes from memory.\n{kept_table(cells)}")
    print(f"\nAnswers that are read each time, beside the driver's bare point reads.\n{read_table(cells)}")
    print(
        f"\nThe api's {most} processes had {resident.before / 1e6:.1f} MB of memory, "
        f"and {resident.after / 1e6:.1f} MB after {resident.requests:,} requests more."
    )
    print(f"\n{aims_table(aims(cells, resident))}")


class _Bench:
    def __init__(self, stack: RunningStack, client: Team, options: argparse.Namespace) -> None:
        self._stack = stack
        self._client = client
        self._options = options
        publish(stack)
        self._cases = [case for case in cases(stack.port) if case.name in options.only]

    @contextmanager
    def ground(self, processes: int) -> Iterator[Ground]:
        """Starts apis of so many processes, and their ceilings."""
        with (
            api_under_test(self._stack, processes, _KEEPS_SECONDS) as kept,
            api_under_test(self._stack, processes, _READS_EACH_TIME) as read,
            team(self._stack.mongo_url, processes) as drivers,
        ):
            answers = {case.name: ask(kept.port, case.request) for case in self._cases}
            exchanges = {case.name: case.exchange(answers[case.name]) for case in self._cases}
            with from_memory(answers, processes) as memory:
                yield Ground(kept, read, memory, exchanges, self._client, drivers, self._stack.cache_database)

    def residence(self, ground: Ground) -> Residence:
        """The memory of the api that keeps answers, over requests of all cases."""
        begun = time.monotonic()
        exchanges = list(ground.exchanges.values())
        found = residence(self._client, ground.kept, exchanges, _RESIDENCE_CONNECTIONS, self._options.requests)
        _say(f"memory over {self._options.requests:,} requests", begun)
        return found

    def cells(self, ground: Ground) -> Iterator[Cell]:
        """All cases at all numbers of connections."""
        for case in self._cases:
            begun = time.monotonic()
            for connections in self._options.connections:
                yield ground.measure(case, connections, self._options.runs, self._options.seconds)
            _say(f"{case.name}, {ground.drivers.size} processes", begun)


def _say(what: str, begun: float) -> None:
    print(f"{what}, {time.monotonic() - begun:.0f} s", file=sys.stderr, flush=True)
