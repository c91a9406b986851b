"""Processes that are killed without warning cost nobody an answer."""

import os
import random
import signal
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from e2e.stack_process import OwnStack, eventually

pytestmark = pytest.mark.own_stack

DATASETS = 12


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnStack]:
    """A system of its own: the others' would see its jobs die."""
    directory = tmp_path_factory.mktemp("killing") / "data"
    (directory / "datasets").mkdir(parents=True)
    stack = OwnStack(directory, LEASE_SECONDS="2")
    try:
        stack.wait_until_ready()
        yield stack
    finally:
        left = stack.stop(signal.SIGINT)
    assert left == []


def write(folder: Path, number: int, version: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ".new").write_text(f"number,version\n{number},{version}\n")
    (folder / ".new").rename(folder / "data.csv")


def right(stack: OwnStack, number: int, version: int) -> bool:
    try:
        return bool(stack.rows(name_of(number)) == [{"number": number, "version": version}])
    except httpx2.TransportError:
        return False  # the api is being started again


def name_of(number: int) -> str:
    return f"n{number % 4}/d{number}"


def kill_one(stack: OwnStack, words: str, chance: random.Random) -> None:
    victim = chance.choice(eventually(lambda: stack.processes(words)))
    os.kill(victim, signal.SIGKILL)
    eventually(lambda: victim not in stack.processes("-m "))


@pytest.mark.parametrize("version", [1, 2])
def test_every_dataset_ends_with_its_right_answer_though_workers_and_the_api_are_killed(
    stack: OwnStack, version: int
) -> None:
    seed = int(os.environ.get("SEED", random.randrange(2**32)))
    print(f"SEED={seed}")
    chance = random.Random(seed)
    eventually(lambda: len(stack.processes("-m worker")) == 3)
    for number in range(DATASETS):
        write(stack.datasets / name_of(number), number, version)
    for words in ("-m worker splits", "-m worker datasets", "-m worker splits", "-m api"):
        kill_one(stack, words, chance)
    eventually(lambda: all(right(stack, number, version) for number in range(DATASETS)), 120)
    eventually(lambda: len(stack.processes("-m worker")) == 3)


def test_workers_killed_while_they_read_leave_no_process_and_the_job_is_done_by_others(stack: OwnStack) -> None:
    write(stack.datasets / "me" / "slow", 7, 1)
    eventually(lambda: stack.rows("me/slow"))
    headers = stack.webhook_headers
    eventually(lambda: not reading(stack))
    with stack.stopped("-m hub"):
        stack.http.post("/webhook", json={"update": "datasets/me/slow"}, headers=headers).raise_for_status()
        doomed = eventually(lambda: reading(stack))
        write(stack.datasets / "me" / "slow", 7, 2)
        for worker in stack.processes("-m worker"):
            os.kill(worker, signal.SIGKILL)
        eventually(lambda: not set(doomed) & set(stack.processes("-m reader")))
    eventually(lambda: stack.rows("me/slow") == [{"number": 7, "version": 2}])


def reading(stack: OwnStack) -> list[int]:
    """The processes that read data, when a job runs: then there are more of them than workers."""
    readers = stack.processes("-m reader")
    return readers if len(readers) > len(stack.processes("-m worker")) == 3 else []
