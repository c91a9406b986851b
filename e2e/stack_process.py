"""The system from outside, and as a user starts it: `make start` in the checkout, with a data directory of its own."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import httpx2
from pymongo import MongoClient

ROOT = Path(__file__).parent.parent
ADMIN_TOKEN = "of the operator in the tests of the whole"
T = TypeVar("T")


def eventually(condition: Callable[[], T], seconds: float = 60) -> T:
    """What `condition` gives, as soon as that is true; an AssertionError after `seconds`."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, f"not so within {seconds} s"
        time.sleep(0.05)
    return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def descendants(pid: int) -> list[int]:
    """The living processes that `pid` started, and those that they started."""
    parents: dict[int, int] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if fields[0] != "Z":
            parents[int(stat.parent.name)] = int(fields[1])
    found = [pid]
    for parent in found:
        found += [child for child, its in parents.items() if its == parent]
    return found[1:]


def command_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


class Stack:
    """A running system, wherever: what can be known and done from outside."""

    def __init__(self, url: str, hub_url: str) -> None:
        self.url, self.hub_url = url, hub_url
        self.http = httpx2.Client(base_url=url, timeout=30)
        self.hub = httpx2.Client(base_url=hub_url, timeout=30)

    def close(self) -> None:
        self.http.close()
        self.hub.close()

    def wait_until_ready(self) -> None:
        eventually(self.is_ready, 180)

    def is_ready(self) -> bool:
        try:
            return self.http.get("/ready").status_code == 200
        except httpx2.TransportError:
            return False

    @property
    def webhook_headers(self) -> dict[str, str]:
        """What the local Hub proves with that a webhook is its own."""
        return {"X-Webhook-Secret": os.environ["HF_WEBHOOK_SECRET"]}

    def run_client(self, code: str, home: Path, **settings: str) -> str:
        """Runs a user's script, with nothing but the three variables that the README names, and `settings`.

        Returns what it printed.
        """
        environment = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
        environment |= {
            "HF_ENDPOINT": self.hub_url,
            "HF_TOKEN": "hf_me",
            "HF_HUB_DISABLE_XET": "1",
            "HF_HOME": str(home),
            **settings,
        }
        command = [sys.executable, "-c", code]
        ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    def get(self, path: str, token: str | None = None, **parameters: Any) -> httpx2.Response:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        # An empty mapping would take the query of the path away.
        return self.http.get(path, params=parameters or None, headers=headers)

    def first_rows(
        self, dataset: str, config: str = "default", split: str = "train", token: str | None = None
    ) -> httpx2.Response:
        return self.get("/first-rows", token, dataset=dataset, config=config, split=split)

    def rows(self, dataset: str, config: str = "default", split: str = "train", token: str | None = None) -> Any:
        """The rows of a good answer that is not stale, else None."""
        answer = self.first_rows(dataset, config, split, token)
        if answer.status_code != 200 or "X-Cache" in answer.headers:
            return None
        return [row["row"] for row in answer.json()["rows"]]


@contextmanager
def own_stack(directory: Path, **settings: str) -> Iterator["OwnStack"]:
    """One of our own that is ready, for the time of a `with` block; it leaves no process behind."""
    stack = OwnStack(directory, LEASE_SECONDS="2", **settings)
    try:
        stack.wait_until_ready()
        yield stack
    finally:
        left = stack.stop(signal.SIGTERM)
    assert left == []


class OwnStack(Stack):
    """A running `make start`, with its processes, its folders and its logs."""

    def __init__(self, directory: Path, **settings: str) -> None:
        self.directory = directory
        self.port, hub_port, self.admin_port = free_port(), free_port(), free_port()
        super().__init__(f"http://127.0.0.1:{self.port}", f"http://localhost:{hub_port}")
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith(("HF_", "MAKE", "MFLAGS"))
        }
        environment |= {
            "PORT": str(self.port),
            "HUB_PORT": str(hub_port),
            "ADMIN_PORT": str(self.admin_port),
            "ADMIN_TOKEN": ADMIN_TOKEN,
            "DATA_DIRECTORY": str(directory),
            "MONGO_QUEUE_DATABASE": f"e2e_{self.port}_queue",
            "MONGO_CACHE_DATABASE": f"e2e_{self.port}_cache",
            **settings,
        }
        directory.mkdir(parents=True, exist_ok=True)
        self.output = directory / "make-start.out"
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                ["make", "start"], cwd=ROOT, env=environment, stdout=output, stderr=output, start_new_session=True
            )
        operator = {"Authorization": f"Bearer {ADMIN_TOKEN}"}
        self.admin = httpx2.Client(base_url=f"http://127.0.0.1:{self.admin_port}", timeout=30, headers=operator)

    @property
    def datasets(self) -> Path:
        """The folder that the Hub serves."""
        return self.directory / "datasets"

    def is_ready(self) -> bool:
        assert self.process.poll() is None, self.output.read_text()[-4000:]
        return super().is_ready()

    def processes(self, words: str) -> list[int]:
        """The processes of this stack with `words` in their command line."""
        return [pid for pid in descendants(self.process.pid) if words in command_of(pid)]

    @contextmanager
    def stopped(self, words: str) -> Iterator[None]:
        """Halts the processes with `words` in their command line, wherever they are, for the time of a `with` block."""
        halted = self.processes(words)
        for process in halted:
            os.kill(process, signal.SIGSTOP)
        try:
            yield
        finally:
            for process in halted:
                os.kill(process, signal.SIGCONT)

    def log(self, program: str) -> list[dict[str, Any]]:
        """The whole lines that a program has written to its log; all of a kind, where there are several of it."""
        texts = [path.read_text() for path in (self.directory / "logs").glob(f"{program}*.log")]
        lines = [line for text in texts for line in text.split("\n")[:-1]]
        return [json.loads(line) for line in lines if line.startswith("{")]

    @property
    def webhook_headers(self) -> dict[str, str]:
        return {"X-Webhook-Secret": self.environment_of("-m hub")["HUB_WEBHOOK_SECRET"]}

    def environment_of(self, words: str) -> dict[str, str]:
        """What the process with `words` in its command line was told."""
        (process,) = self.processes(words)
        variables = Path(f"/proc/{process}/environ").read_bytes().decode().split("\0")
        return dict(variable.split("=", 1) for variable in variables if "=" in variable)

    def stop(self, number: int = signal.SIGTERM) -> list[int]:
        """Stops it, by SIGINT as Ctrl-C does for the whole group; returns the processes that it left behind."""
        started = descendants(self.process.pid)
        if number == signal.SIGINT:
            os.killpg(self.process.pid, number)
        else:
            self.process.send_signal(number)
        self.process.wait(60)
        self.close()
        self.admin.close()
        if "MONGO_URL" in os.environ:
            # Its own server's files go with the directory; somebody else's server keeps what isn't dropped.
            with MongoClient[dict[str, Any]](os.environ["MONGO_URL"]) as mongo:
                for kind in ("queue", "cache"):
                    mongo.drop_database(f"e2e_{self.port}_{kind}")
        return [pid for pid in started if command_of(pid)]
