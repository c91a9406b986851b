"""An installation as operators find it, and an operator at a terminal."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from libqueue.model import Claim, JobKey, Outcome
from libqueue.queue import Queue
from pymongo.database import Database

from services.admin.tests.shelf import Shelf


@dataclass(frozen=True)
class Ran:
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True)
class Installation:
    """What the workers share, and the environment variables that say where it is."""

    environment: dict[str, str]
    cache: Shelf
    queue: Queue
    queue_database: Database[dict[str, Any]]

    def claim(self, type_: str) -> Claim:
        claim = self.queue.claim(type_, "worker-of-a-test")
        assert claim is not None
        return claim

    def die(self, key: JobKey, code: str = "HfHubError", message: str = "The Hub is down.") -> None:
        """A job of this key is given up."""
        self.queue.add(key)
        self.queue.finish(self.claim(key.type), Outcome.DEAD, code=code, message=message)

    def jobs(self) -> set[str]:
        """The keys of the jobs that wait or run."""
        return {job["_id"] for job in self.queue_database["jobs"].find()}

    def dead(self) -> set[str]:
        """The keys of the jobs that were given up."""
        return {death["_id"] for death in self.queue_database["dead"].find()}


class Operator:
    """Somebody who runs commands in this process."""

    def __init__(self, installation: Installation, run: Callable[[list[str]], Ran]) -> None:
        self.installation = installation
        self.cache = installation.cache
        self.queue = installation.queue
        self._run = run

    def run(self, *arguments: str) -> Ran:
        return self._run(list(arguments))

    def done(self, *arguments: str) -> str:
        """What the command says when all is well."""
        ran = self.run(*arguments)
        assert (ran.code, ran.err) == (0, "")
        return ran.out

    def json(self, *arguments: str) -> Any:
        return json.loads(self.done(*arguments, "--json"))


def as_program(*arguments: str, **environment: str) -> Ran:
    """The command as a process of its own, with just this environment."""
    ran = subprocess.run(
        [sys.executable, "-m", "admin", *arguments],
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )
    return Ran(ran.returncode, ran.stdout, ran.stderr)
