"""One Hub for all tests that need no Hub of their own, and the unmodified clients of the Hub to use it with."""

import base64
import itertools
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from hub.testing import RunningHub, running_hub
from huggingface_hub import HfApi

from tools.hub.tests.moves import move

HUB_YAML = """
datasets:
  acme/private-notes: {private: true}
  acme/gated-survey: {gated: auto}
  alice/diary: {private: true}
tokens:
  hf_alice: {user: alice, datasets: [acme/private-notes, acme/gated-survey]}
"""
CSV = "city,people\nParis,2100000\nOslo,700000\n"


class Client:
    """Calls the functions of `client_process.py`, where `HF_ENDPOINT` is the address of the Hub."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def __call__(self, name: str, *arguments: object) -> Any:
        """Give what the function gives; raises RuntimeError with the class and the message of what it raises."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps([name, *arguments]), file=self._process.stdin, flush=True)
        answer = json.loads(self._process.stdout.readline())
        if "error" in answer:
            raise RuntimeError(f"{answer['error']}: {answer['message']}")
        return answer["result"]


@pytest.fixture(scope="session")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHub]:
    directory = tmp_path_factory.mktemp("datasets")
    for repo in ("acme/cities", "acme/private-notes", "acme/gated-survey", "alice/diary"):
        (directory / repo / "data").mkdir(parents=True)
        (directory / repo / "data" / "train.csv").write_text(CSV)
        (directory / repo / "README.md").write_text("---\ntags: [towns]\n---\n# Cities\n")
    (directory / "hub.yaml").write_text(HUB_YAML)
    with running_hub(directory) as running:
        yield running


@pytest.fixture
def api(hub: RunningHub) -> Callable[[str | None], HfApi]:
    """The client for a token; None for nobody's."""
    return lambda token: HfApi(endpoint=hub.endpoint, token=token or False)


@pytest.fixture(scope="session")
def http(hub: RunningHub) -> Iterator[httpx2.Client]:
    """Asks the Hub things as `me`."""
    with httpx2.Client(base_url=hub.endpoint, trust_env=False, headers={"Authorization": "Bearer hf_me"}) as client:
        yield client


@pytest.fixture
def repo(counter: "itertools.count[int]") -> str:
    """A name that no other test uses."""
    return f"me/test-{next(counter)}"


@pytest.fixture(scope="session")
def counter() -> "itertools.count[int]":
    return itertools.count()


@pytest.fixture
def pushed(http: httpx2.Client, repo: str) -> Callable[[dict[str, str | bytes]], str]:
    """Put files into the dataset `repo` with one commit, and give the new revision."""

    def push(files: dict[str, str | bytes]) -> str:
        http.post("/api/repos/create", json={"name": repo, "type": "dataset"})
        lines: list[dict[str, object]] = [{"key": "header", "value": {"summary": "Add files"}}]
        for path, content in files.items():
            encoded = base64.b64encode(content.encode() if isinstance(content, str) else content).decode()
            lines.append({"key": "file", "value": {"path": path, "encoding": "base64", "content": encoded}})
        answer = http.post(f"/api/datasets/{repo}/commit/main", content="\n".join(map(json.dumps, lines)))
        return str(answer.raise_for_status().json()["commitOid"])

    return push


@pytest.fixture(scope="session")
def client(hub: RunningHub, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("HF_")} | {
        "HF_ENDPOINT": hub.endpoint,
        "HF_HOME": str(tmp_path_factory.mktemp("hf-home")),
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        "HF_DATASETS_DISABLE_PROGRESS_BARS": "1",
        "HF_UPDATE_DOWNLOAD_COUNTS": "0",
    }
    command = [sys.executable, str(Path(__file__).with_name("client_process.py"))]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        yield Client(process)
        assert process.stdin is not None
        process.stdin.close()
        process.wait(30)


@pytest.fixture
def new(repo: str) -> str:
    """The name that `repo` is moved to: another owner's."""
    return f"you/{repo.partition('/')[2]}-moved"


@pytest.fixture
def moved(
    api: Callable[[str | None], HfApi], repo: str, new: str, pushed: Callable[[dict[str, str | bytes]], str]
) -> str:
    """The new name of a dataset that was `repo`."""
    pushed({"a.csv": "x\n1\n"})
    move(api("hf_me"), repo, new)
    return new
