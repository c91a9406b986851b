"""A Hub with the samples and the edge cases, and a process in which the reader runs against it."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hub.testing import RunningHub, running_hub

HERE = Path(__file__).parent
SAMPLES = HERE.parents[3] / "samples"


@dataclass
class Page:
    """What `read_split` gave: the page's attributes, the body parsed, and the files it staged."""

    body: bytes
    features_span: tuple[int, int]
    row_offsets: list[int]
    asset_ends: list[int]
    files: list[str]
    num_rows_total: int | None
    partial: bool
    staging: Path

    @property
    def json(self) -> dict[str, Any]:
        parsed: dict[str, Any] = json.loads(self.body)
        return parsed

    def column(self, name: str) -> list[Any]:
        return [row["row"][name] for row in self.json["rows"]]

    def errors(self, name: str) -> list[str | None]:
        return [row.get("cell_errors", {}).get(name) for row in self.json["rows"]]


class Reader:
    """Calls the reader in its own process, with the workers' token unless another one is given."""

    def __init__(self, process: "subprocess.Popen[str]", endpoint: str, directory: Path) -> None:
        self._process = process
        self._directory = directory
        self._calls = 0
        self.endpoint = endpoint

    def call(self, call: str, dataset: str, **arguments: Any) -> dict[str, Any]:
        request = {"call": call, "dataset": dataset, "endpoint": self.endpoint, "token": "hf_worker", **arguments}
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, "the reader's process died: its error output is above"
        answer: dict[str, Any] = json.loads(line)
        return answer

    def observe(self, dataset: str, **arguments: Any) -> dict[str, Any]:
        return self.call("observe", dataset, **arguments)

    def list(self, dataset: str, **arguments: Any) -> dict[str, Any]:
        arguments.setdefault("revision", self.observe(dataset)["revision"])
        return self.call("list", dataset, **arguments)

    def try_to_read(self, dataset: str, config: str = "default", split: str = "train", **arguments: Any) -> Any:
        """The page, or the error as JSON."""
        self._calls += 1
        staging = self._directory / str(self._calls)
        staging.mkdir()
        arguments.setdefault("revision", self.observe(dataset)["revision"])
        defaults = {"limits": {}, "max_size_fallback": 100_000_000, "staging": str(staging)}
        defaults |= {"sizes": None, "plan": None, "by_library": False}
        answer = self.call("read", dataset, **{**defaults, "config": config, "split": split, **arguments})
        if "error" in answer:
            return answer
        return Page(**{**answer, "body": answer["body"].encode()}, staging=staging)

    def read(self, dataset: str, config: str = "default", split: str = "train", **arguments: Any) -> Page:
        page = self.try_to_read(dataset, config, split, **arguments)
        assert isinstance(page, Page), page
        return page


@pytest.fixture(scope="session")
def datasets_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("hub") / "datasets"
    shutil.copytree(SAMPLES / "datasets", directory)
    subprocess.run([sys.executable, HERE / "edge_cases.py", directory], check=True, timeout=60)
    return directory


@pytest.fixture(scope="session")
def hub(datasets_directory: Path) -> Iterator[RunningHub]:
    with running_hub(datasets_directory) as running:
        yield running


@pytest.fixture(scope="session")
def reader(hub: RunningHub, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    directory = tmp_path_factory.mktemp("reader")
    environment = {key: value for key, value in os.environ.items() if not key.startswith("HF_")} | {
        "HF_ENDPOINT": hub.endpoint,
        "HF_HOME": str(directory / "home"),
        "HF_UPDATE_DOWNLOAD_COUNTS": "0",
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    }
    command = [sys.executable, str(HERE / "reader_process.py")]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
    try:
        yield Reader(process, hub.endpoint, directory)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        process.wait(10)
        assert process.stdout is not None
        process.stdout.close()
