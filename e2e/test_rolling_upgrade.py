"""An upgrade without downtime: the release before and this one work at once, on databases that this one migrated."""

import os
import random
import signal
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx2
import pytest
from hub.testing import RunningHub, running_hub
from huggingface_hub import HfApi
from pymongo import MongoClient
from stack.mongo import running_mongo

from e2e.stack_process import eventually, free_port

RELEASE = Path(__file__).parent / "releases" / "previous.tar.xz"
SECRET = "of the webhook in this test"
DATASETS = [f"acme/number-{number}" for number in range(6)]


class Installation:
    """A Mongo, a Hub and the services of two releases that share them."""

    def __init__(self, mongo_url: str, hub: RunningHub, directory: Path) -> None:
        self.hub = hub
        self._directory = directory
        sources = directory / "previous"
        with tarfile.open(RELEASE) as archive:
            archive.extractall(sources, filter="data")
        self._previous = os.pathsep.join(str(path) for path in sorted(sources.glob("*/*/src")))
        self._settings = {
            "PATH": os.environ["PATH"],
            "MONGO_URL": mongo_url,
            "HF_ENDPOINT": hub.endpoint,
            "HF_TOKEN": "hf_worker",
            "HF_WEBHOOK_SECRET": SECRET,
            "ASSETS_STORAGE": str(directory / "assets"),
            # As the release before calls it.
            "ASSETS_DIRECTORY": str(directory / "assets"),
            "ASSETS_SIGNING_KEYS": "of this test only and long enough for it",
            "SCRATCH_DIRECTORY": str(directory / "scratch"),
            "LEASE_SECONDS": "2",
            # So that nothing is mended but by what the test is about.
            "RECONCILE_INTERVAL_SECONDS": "0",
            "ANSWERS_MEMORY_SECONDS": "0",
        }
        (directory / "assets").mkdir()
        where = [sys.executable, "-c", "import api, worker, libqueue; print(api, worker, libqueue)"]
        loaded = subprocess.check_output(where, env=self._environment("previous"), text=True)
        assert loaded.count(str(sources)) == 3, loaded
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.apis: dict[str, httpx2.Client] = {}

    def start(self, release: str) -> None:
        """A worker of each type and an api."""
        assert all(process.poll() is not None for name, process in self.processes.items() if name.startswith(release))
        port = free_port()
        for name, arguments in {
            "datasets": ["worker", "datasets"],
            "splits": ["worker", "splits"],
            "api": ["api"],
        }.items():
            with (self._directory / f"{release}-{name}.log").open("wb") as log:
                self.processes[f"{release}-{name}"] = subprocess.Popen(
                    [sys.executable, "-m", *arguments],
                    env={**self._environment(release), "API_PORT": str(port)},
                    stdout=log,
                    stderr=log,
                )
        self.apis[release] = api = httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=30, trust_env=False)
        eventually(lambda: _answers(api))

    def make_older(self) -> None:
        """Leaves the answers as a release wrote them that knew of no digests."""
        with MongoClient[dict[str, Any]](self._settings["MONGO_URL"]) as mongo:
            mongo["datasets_server_cache"]["answers"].update_many({}, {"$unset": {"digest": ""}})

    def stop(self, release: str, number: int = signal.SIGTERM) -> list[int]:
        """The exit codes."""
        ours = [process for name, process in self.processes.items() if name.startswith(release)]
        for process in ours:
            process.send_signal(number)
        return [process.wait(60) for process in ours]

    def admin(self, *arguments: str) -> str:
        """What a command of this release prints."""
        command = [sys.executable, "-m", "admin", *arguments]
        ran = subprocess.run(command, env=self._environment("this"), capture_output=True, text=True, timeout=120)
        assert ran.returncode == 0, ran.stderr
        return ran.stdout

    def push(self, release: str, dataset: str, value: int) -> None:
        """Changes a dataset, and tells the api of a release."""
        user = HfApi(self.hub.endpoint, token="hf_me")
        user.create_repo(dataset, repo_type="dataset", exist_ok=True)
        user.upload_file(
            path_or_fileobj=f"n\n{value}\n".encode(), path_in_repo="data.csv", repo_id=dataset, repo_type="dataset"
        )
        body = {"event": {"action": "update", "scope": "repo.content"}, "repo": {"type": "dataset", "name": dataset}}
        told = self.apis[release].post("/webhook", json=body, headers={"X-Webhook-Secret": SECRET})
        assert told.status_code in (200, 202), told.text

    def values(self, release: str, dataset: str) -> list[int]:
        asked = {"dataset": dataset, "config": "default", "split": "train"}
        answer = self.apis[release].get("/first-rows", params=asked)
        return [row["row"]["n"] for row in answer.json()["rows"]] if answer.status_code == 200 else []

    def _environment(self, release: str) -> dict[str, str]:
        return {**self._settings, **({"PYTHONPATH": self._previous} if release == "previous" else {})}


def _answers(api: httpx2.Client) -> bool:
    try:
        return api.get("/ready").status_code == 200
    except httpx2.TransportError:
        return False


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    (tmp_path / "datasets").mkdir()
    with ExitStack() as stack:
        mongo = stack.enter_context(running_mongo(tmp_path / "mongo"))
        hub = stack.enter_context(running_hub(tmp_path / "datasets"))
        installation = Installation(mongo.url, hub, tmp_path)
        try:
            yield installation
        finally:
            for process in installation.processes.values():
                process.kill()
                process.wait()
            for api in installation.apis.values():
                api.close()


@pytest.fixture
def dice() -> random.Random:
    """What chooses at random; its seed is printed."""
    seed = int(os.environ.get("SEED") or random.randrange(2**32))
    print(f"SEED={seed}")
    return random.Random(seed)


def test_both_releases_serve_and_work_at_once_while_an_installation_is_upgraded(
    installation: Installation, dice: random.Random
) -> None:
    expected: dict[str, int] = {}

    def push(release: str) -> None:
        dataset, value = dice.choice(DATASETS), dice.randrange(1_000_000)
        installation.push(release, dataset, value)
        expected[dataset] = value

    def served(*releases: str) -> bool:
        return all(
            installation.values(release, dataset) == [value]
            for dataset, value in expected.items()
            for release in releases
        )

    installation.start("previous")
    for _ in range(6):
        push("previous")
    eventually(lambda: served("previous"))

    installation.make_older()
    assert installation.admin("migrations", "apply", "--dry-run") != "the digests of answers: 0\n"
    installation.admin("migrations", "apply")
    assert installation.admin("migrations", "list").split()[-1] == "0"
    assert served("previous"), "what was served before the migration is served after it"
    push("previous")
    eventually(lambda: served("previous"))

    installation.start("this")
    for _ in range(10):
        push(dice.choice(["previous", "this"]))
    # One of them dies in the middle of it, and the others take its job over.
    installation.processes["previous-splits"].send_signal(signal.SIGKILL)
    for _ in range(5):
        push(dice.choice(["previous", "this"]))
    eventually(lambda: served("previous", "this"))

    # The upgrade is undone once, and done again.
    assert set(installation.stop("this")) == {0}
    assert set(installation.stop("previous")) == {0, -signal.SIGKILL}
    installation.start("previous")
    push("previous")
    eventually(lambda: served("previous"))
    installation.start("this")
    assert set(installation.stop("previous")) == {0}
    push("this")
    eventually(lambda: served("this"))
    assert installation.admin("jobs", "list").startswith("the queue is empty")
    assert installation.admin("dead", "list") == "no such job is dead\n"
