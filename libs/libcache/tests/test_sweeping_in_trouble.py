"""Attempts and sweepers in processes of their own, stopped for longer than the grace period and killed at random: no
answer that a client would get ever points to a file that isn't there.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

from hub.testing import eventually

from libs.libcache.tests import attempts
from libs.libcache.tests.attempts import Cache
from libs.libcache.tests.places import InBucket, InDirectory, Place

ROUNDS = {InDirectory: 5, InBucket: 2}
GRACE_SECONDS = 1.0
WORKERS = 4
SWEEPERS = 2


class Processes:
    """Some that make attempts, of which the first always goes on, and two that sweep."""

    def __init__(self, cache: Cache, place: Place, mongo_url: str, random: Random) -> None:
        self._arguments = [sys.executable, attempts.__file__, mongo_url, cache.database.name]
        self._environment = place.environment
        self._random = random
        self._steady = self._start("steady", str(random.random()))
        self._workers = [self._work() for _ in range(WORKERS)]
        self._sweepers = [self._sweep() for _ in range(SWEEPERS)]

    def stop_some(self) -> None:
        """One sweeper at most, so that the other goes on."""
        chosen = self._random.sample(self._sweepers, self._random.randrange(SWEEPERS))
        for process in (*chosen, self._random.choice(self._workers)):
            process.send_signal(signal.SIGSTOP)

    def stopped_workers(self) -> int:
        """How many stopped themselves, or were stopped."""
        states = [Path(f"/proc/{worker.pid}/stat").read_text().rsplit(")", 1)[1].split()[0] for worker in self._workers]
        return states.count("T")

    def go_on(self) -> None:
        """All that are stopped, by themselves or by this; some are replaced instead."""
        for group, start in ((self._workers, self._work), (self._sweepers, self._sweep)):
            for place, process in enumerate(group):
                if self._random.random() < 0.2:
                    end(process)
                    group[place] = start()
                else:
                    process.send_signal(signal.SIGCONT)

    def end_workers(self) -> None:
        for process in (self._steady, *self._workers):
            end(process)

    def end(self) -> None:
        self.end_workers()
        for process in self._sweepers:
            end(process)

    def _work(self) -> "subprocess.Popen[bytes]":
        return self._start("attempts", str(self._random.random()))

    def _sweep(self) -> "subprocess.Popen[bytes]":
        return self._start("sweeps", str(GRACE_SECONDS))

    def _start(self, *arguments: str) -> "subprocess.Popen[bytes]":
        return subprocess.Popen([*self._arguments, *arguments], env=self._environment)


def end(process: "subprocess.Popen[bytes]") -> None:
    process.kill()
    process.wait()


@contextmanager
def running(cache: Cache, place: Place, mongo_url: str, random: Random) -> Iterator[Processes]:
    processes = Processes(cache, place, mongo_url, random)
    try:
        yield processes
    finally:
        processes.end()


def removals(cache: Cache) -> int:
    found = cache.database["removals"].find_one()
    return int(found["files"]) if found else 0


def broken(cache: Cache) -> list[Any]:
    """What is broken now, and what a process saw broken right after its answer was stored."""
    return [*cache.broken(), *cache.database["broken"].find()]


def pointed_to(cache: Cache) -> set[str]:
    """The files of all answers that clients get."""
    paths: set[str] = set()
    for key, generation in cache.answers.with_assets():
        record = cache.records.find(key.dataset)
        if record is not None and record.generation == generation:
            paths |= cache.answers.asset_paths(key, generation)
    return paths


def test_no_answer_ever_points_to_a_file_that_is_not_there(cache: Cache, place: Place, mongo_url: str) -> None:
    seed = os.environ.get("SEED") or str(Random().randrange(10**9))
    print(f"SEED={seed}")
    random = Random(seed)
    with running(cache, place, mongo_url, random) as processes:
        for _ in range(ROUNDS[type(place)]):
            processes.stop_some()
            # Those that go on sweep what comes up in much longer than a grace period, or in much less.
            eventually(lambda: processes.stopped_workers() > WORKERS / 2, 60)
            wanted = removals(cache) + random.choice((1, 20, 40))

            def is_over(wanted: int = wanted) -> bool:
                assert not broken(cache)
                return removals(cache) >= wanted

            eventually(is_over, 60)
            processes.go_on()
        processes.end_workers()
        eventually(lambda: place.files() == pointed_to(cache), 60)
        assert not broken(cache)
