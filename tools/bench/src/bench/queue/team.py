"""Processes that do the same task at the same time, each with a connection of its own."""

import multiprocessing
import queue
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier, Event
from typing import Any, TypeVar

from libcommon.mongo import disconnect
from libqueue.schema import ALIAS, open_queue_database
from pymongo.database import Database

Result = TypeVar("Result")
_PATIENCE_SECONDS = 120.0
# Not forked: a process must not share the connections of another.
_processes = multiprocessing.get_context("spawn")


@dataclass(frozen=True, slots=True)
class Member:
    """One of the processes, as its task sees it."""

    number: int
    size: int
    url: str
    stopping: Event
    news: "multiprocessing.Queue[Any]"
    barrier: Barrier

    def database(self, name: str) -> Database[dict[str, Any]]:
        """A new connection to a queue database, in place of the one before."""
        disconnect(ALIAS)
        return open_queue_database(self.url, name)

    def together(self) -> None:
        """Returns when all members have come here."""
        self.barrier.wait(_PATIENCE_SECONDS)


@dataclass(frozen=True, slots=True)
class Team:
    """So many processes. A task is a function of a module; the member comes first among its arguments."""

    size: int
    _pipes: list[Connection]
    _stopping: Event
    _news: "multiprocessing.Queue[Any]"

    def do(self, task: Callable[..., Result], *arguments: object) -> list[Result]:
        """Has each do the task; returns what each returned."""
        self._begin(task, *arguments)
        return [pipe.recv() for pipe in self._pipes]

    @contextmanager
    def doing(self, task: Callable[..., None], *arguments: object) -> Iterator[None]:
        """Has each do the task until the end of the block, when the task sees `stopping`."""
        self._stopping.clear()
        self._begin(task, *arguments)
        yield
        self._stopping.set()
        for pipe in self._pipes:
            pipe.recv()

    def news(self) -> Any:
        """The next that any of them put into `Member.news`.

        Raises:
            TimeoutError: none comes.
        """
        try:
            return self._news.get(timeout=_PATIENCE_SECONDS)
        except queue.Empty:
            raise TimeoutError(f"no process has news for {_PATIENCE_SECONDS:.0f} s") from None

    def _begin(self, task: Callable[..., object], *arguments: object) -> None:
        for pipe in self._pipes:
            pipe.send((task, arguments))


@contextmanager
def team(url: str, size: int) -> Iterator[Team]:
    """Starts `size` processes for the queue at `url`, and ends them."""
    stopping, barrier, news = _processes.Event(), _processes.Barrier(size), _processes.Queue()
    pipes, processes = [], []
    try:
        for number in range(size):
            ours, theirs = _processes.Pipe()
            member = Member(number, size, url, stopping, news, barrier)
            process = _processes.Process(target=_serve, args=(member, theirs), daemon=True)
            process.start()
            theirs.close()
            pipes.append(ours)
            processes.append(process)
        yield Team(size, pipes, stopping, news)
    finally:
        for process in processes:
            process.terminate()
            process.join()


def _serve(member: Member, tasks: Connection) -> None:
    while True:
        task, arguments = tasks.recv()
        try:
            tasks.send(task(member, *arguments))
        except BaseException:
            # The others must not wait for this one.
            member.barrier.abort()
            raise
