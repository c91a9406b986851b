"""Waiting for what has to come, with a limit."""

import time
from collections.abc import Callable
from typing import TypeVar

from libqueue.model import Claim
from libqueue.queue import Queue

T = TypeVar("T")


def eventually(condition: Callable[[], T | None], seconds: float = 15.0) -> T:
    """The first true value of `condition`."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "it did not happen in time"
    return found


def claim_next(queue: Queue, type_: str = "datasets") -> Claim:
    """The next claim; a turn may have to be taken several times before a namespace that is not held back comes."""
    for _ in range(100):
        claim = queue.claim(type_, "me")
        if claim is not None:
            return claim
    raise AssertionError("there is nothing to claim")
