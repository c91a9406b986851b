"""The zygote ends children at their deadline, whether or not its worker can still do anything."""

import signal
import socket
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest
from hub.testing import eventually
from reader import wire
from reader.isolation.limits import Limits
from worker.zygote import Zygote

from services.worker.tests.station import is_alive

LONG = 60


@pytest.fixture(scope="module")
def zygote(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Zygote]:
    zygote = Zygote("http://127.0.0.1:9", tmp_path_factory.mktemp("scratch"))
    yield zygote
    zygote.close()


def child(zygote: Zygote, folder: Path) -> tuple[int, socket.socket]:
    """A child that answers what comes over the connection, and by itself never ends."""
    ours, theirs = socket.socketpair()
    pid = zygote.fork({"decode": str(folder), "limits": asdict(Limits(60, 10**9, 10**9))}, [theirs])
    theirs.close()
    return pid, ours


def answers(connection: socket.socket) -> bool:
    wire.send(connection, {"kind": "image", "name": None}, b"no picture")
    return "cell_error" in wire.receive(connection)[0]


def test_a_child_ends_at_the_deadline(zygote: Zygote, tmp_path: Path) -> None:
    deadline = time.monotonic() + 0.3
    zygote.set_deadline(deadline)
    pid, _connection = child(zygote, tmp_path)
    # Not by `zygote.wait`: what only a message of the worker's could bring about, a stopped worker never gets.
    eventually(lambda: not is_alive(pid))
    assert deadline <= time.monotonic() < deadline + 2
    end = zygote.wait(pid)
    assert (end.code, end.overdue) == (-signal.SIGKILL, True)


def test_a_later_deadline_lets_it_live_on(zygote: Zygote, tmp_path: Path) -> None:
    first = time.monotonic() + 0.3
    zygote.set_deadline(first)
    pid, connection = child(zygote, tmp_path)
    zygote.set_deadline(first + LONG)
    eventually(lambda: time.monotonic() > first and answers(connection))
    assert is_alive(pid)
    end = zygote.kill(pid)
    assert (end.code, end.overdue) == (-signal.SIGKILL, False)


def test_a_child_forked_after_the_deadline_ends_at_once(zygote: Zygote, tmp_path: Path) -> None:
    zygote.set_deadline(time.monotonic() - 1)
    pid, _connection = child(zygote, tmp_path)
    assert zygote.wait(pid).code == -signal.SIGKILL


def test_the_end_of_a_child_tells_how_much_memory_it_had(zygote: Zygote, tmp_path: Path) -> None:
    zygote.set_deadline(time.monotonic() + LONG)
    small, connection = child(zygote, tmp_path)
    assert answers(connection)
    large, connection = child(zygote, tmp_path)
    wire.send(connection, {"kind": "image", "name": None}, bytes(200_000_000))
    wire.receive(connection)
    more = zygote.kill(large).peak_bytes - zygote.kill(small).peak_bytes
    assert more > 200_000_000
