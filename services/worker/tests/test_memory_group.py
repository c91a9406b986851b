"""The memory cgroup of a job. Where this machine lets nobody make one, the worker has to do without."""

import os
import subprocess
import sys

from worker.memory_group import MemoryGroup, _own_group

MEGABYTE = 1_000_000
FILL = "import sys; sys.stdin.readline(); held = bytearray(b'x') * {}; print(len(held))"

HOLD = """
import time
from worker.memory_group import MemoryGroup
with MemoryGroup(10**9).of_job():
    print("open", flush=True)
    time.sleep(60)
"""


def filling(group: MemoryGroup, size: int) -> "subprocess.Popen[str]":
    """A process of the group that takes so many bytes."""
    process = subprocess.Popen(
        [sys.executable, "-c", FILL.format(size)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    group.add(process.pid)
    return process


def is_there(pid: int) -> bool:
    """Whether a worker with this process id has a group, or left one."""
    parent = _own_group()
    return parent is not None and (parent / f"datasets-server-{pid}").exists()


def test_a_process_that_needs_too_much_is_ended_and_others_are_not() -> None:
    group = MemoryGroup(100 * MEGABYTE)
    with group.of_job():
        small = filling(group, 10 * MEGABYTE)
        assert small.communicate("\n", timeout=30)[0] == f"{10 * MEGABYTE}\n"
        assert not group.killed
        large = filling(group, 300 * MEGABYTE)
        large.communicate("\n", timeout=30)
        assert (large.returncode == -9) is group.works
        assert group.killed is group.works
    with group.of_job():
        assert not group.killed
    assert not is_there(os.getpid())


def test_what_a_killed_worker_left_goes_when_the_next_one_starts() -> None:
    works = MemoryGroup(MEGABYTE).works
    holding = subprocess.Popen([sys.executable, "-c", HOLD], stdout=subprocess.PIPE, text=True)
    assert holding.stdout is not None
    holding.stdout.readline()
    MemoryGroup(MEGABYTE)
    assert is_there(holding.pid) is works
    holding.kill()
    holding.communicate()
    MemoryGroup(MEGABYTE)
    assert not is_there(holding.pid)
