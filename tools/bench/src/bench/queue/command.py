"""Claims beside their ceiling, the time from add to claim, and fairness; each beside what it should come to."""

import argparse
import os
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from pymongo import MongoClient
from stack.mongo import reachable_hosts, running_mongo

from bench.queue import claiming, fairness, latency
from bench.queue.team import team
from bench.table import Aim, aims_table

_PARTS = ("claims", "latency", "fairness")


def main(arguments: list[str]) -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(prog="python -m bench queue", description=__doc__)
    parser.add_argument("--parts", nargs="+", choices=_PARTS, default=_PARTS, help="default: all")
    parser.add_argument("--jobs", type=_list(int), default=[1_000, 100_000, 1_000_000], help="waiting jobs, a list")
    parser.add_argument("--processes", type=_list(int), default=[1, 2, 4, 8], help="processes that claim, a list")
    parser.add_argument("--seconds", type=float, default=10.0, help="how long claims are measured for each of these")
    parser.add_argument("--samples", type=int, default=100, help="jobs added to measure latency")
    parser.add_argument("--crowd", type=int, default=50_000, help="jobs of the large namespace beside the small ones")
    options = parser.parse_args(arguments)
    most = max(options.processes)
    aims: list[Aim] = []
    with _server() as (url, prefix), ExitStack() as stack:
        teams = {size: stack.enter_context(team(url, size)) for size in sorted({1, *options.processes})}
        if "claims" in options.parts:
            claimers = [teams[size] for size in options.processes]
            aims += claiming.measure(url, prefix, options.jobs, claimers, options.seconds)
        if "latency" in options.parts:
            latency.measure(url, prefix, teams[1], teams[most], options.samples)
        if "fairness" in options.parts:
            aims += fairness.measure(url, prefix, options.crowd, teams[most])
    print(f"\n{aims_table(aims)}" if aims else "")


@contextmanager
def _server() -> Iterator[tuple[str, str]]:
    """A server, and what the names of our databases on it begin with. Says which server it is."""
    prefix = f"bench_{uuid.uuid4().hex[:8]}"
    given = os.environ.get("MONGO_URL")
    if not given:
        with tempfile.TemporaryDirectory() as directory, running_mongo(Path(directory)) as server:
            print(f"Server: {server.name}, {os.cpu_count()} CPUs.", flush=True)
            yield server.url, prefix
        return
    print(f"Server: {reachable_hosts(given)} (MONGO_URL), {os.cpu_count()} CPUs.", flush=True)
    with MongoClient[dict[str, Any]](given) as client:
        try:
            yield given, prefix
        finally:
            for name in client.list_database_names():
                if name.startswith(prefix):
                    client.drop_database(name)


def _list(of: Callable[[str], Any]) -> Callable[[str], list[Any]]:
    def values(text: str) -> list[Any]:
        return [of(value) for value in text.split(",")]

    return values
