import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from admin import command
from hub.testing import RunningHub, running_hub
from libqueue.model import Limits
from libqueue.queue import Queue
from pymongo.database import Database

from services.admin.tests.operator import Installation, Operator, Ran
from services.admin.tests.shelf import Shelf


@pytest.fixture
def installation(
    mongo_url: str,
    cache_database: Database[dict[str, Any]],
    queue_database: Database[dict[str, Any]],
    queue_limits: Limits,
    tmp_path: Path,
) -> Installation:
    """A cache and a queue, without processes; its Hub is one that nobody should ask."""
    (tmp_path / "assets").mkdir()
    return Installation(
        environment={
            "MONGO_URL": mongo_url,
            "MONGO_CACHE_DATABASE": cache_database.name,
            "MONGO_QUEUE_DATABASE": queue_database.name,
            "ASSETS_STORAGE": str(tmp_path / "assets"),
            "HF_ENDPOINT": "http://127.0.0.1:9",
        },
        cache=Shelf(cache_database, tmp_path / "assets"),
        queue=Queue(queue_database, queue_limits),
        queue_database=queue_database,
    )


@pytest.fixture
def operator(
    installation: Installation, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Operator:
    """Somebody at a terminal whose environment is that of the workers."""
    for name, value in installation.environment.items():
        monkeypatch.setenv(name, value)

    def run(arguments: list[str]) -> Ran:
        try:
            code = command.main(arguments)
        except SystemExit as end:
            code = int(end.code or 0)
        said = capsys.readouterr()
        return Ran(code, said.out, said.err)

    return Operator(installation, run)


@pytest.fixture
def hub(operator: Operator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[RunningHub]:
    """The Hub of the installation, without datasets."""
    (tmp_path / "datasets").mkdir()
    with running_hub(tmp_path / "datasets") as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.endpoint)
        yield hub


@pytest.fixture(autouse=True)
def _nothing_of_the_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(("HF_", "ADMIN_"))]:
        monkeypatch.delenv(name)
