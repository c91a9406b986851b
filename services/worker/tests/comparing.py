"""Leaders that compare a Hub with the cache, and what the tests of that look at and prepare."""

import json
import subprocess
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from hub.faults import Faults
from hub.testing import eventually
from huggingface_hub import HfApi
from libcache.answers import Answer, AnswerKey, Kind
from libcache.records import Record
from libcache.schema import Visibility
from worker.settings import WorkerSettings

from services.worker.tests.stand_in import Reply, standing_in
from services.worker.tests.station import Station

PROGRAM = Path(__file__).parent / "reconciler.py"
# To start one takes some seconds, a good many on a machine that has other things to do.
SECONDS = 60
Start = Callable[..., "subprocess.Popen[bytes]"]
Turn = Callable[[], None]
Lead = Callable[..., Turn]


def settings_of(folder: Path, settings: dict[str, object]) -> WorkerSettings:
    folders = {"assets_storage": str(folder / "assets"), "scratch_directory": folder / "scratch"}
    return WorkerSettings.model_validate({**folders, "hf_token": "hf_worker", **settings})


def take_turns(turn: Turn, condition: Callable[[], Any]) -> Any:
    """Has the leader take its turns until something is so."""

    def taken() -> Any:
        turn()
        return condition()

    return eventually(taken, SECONDS)


def complete(station: Station, turn: Turn) -> None:
    """One whole pass."""
    take_turns(turn, lambda: is_over(station))


def state(station: Station) -> Any:
    """How far the pass is; nothing before the first reconciler came."""
    return station.cache_database["passes"].find_one({"_id": "reconciliation"}) or {}


def is_over(station: Station) -> Any:
    return state(station).get("finished_at")


def queued(station: Station) -> set[str]:
    """The datasets with a job of their own."""
    return {job["dataset"] for job in station.queue_database["jobs"].find({"type": "datasets"})}


def put(station: Station, *datasets: str) -> str:
    """Datasets on the Hub of which nobody was told, all the same; their revision."""
    for dataset in datasets:
        station.put("train.csv", "n\n1\n", dataset)
    revisions = {eventually(lambda dataset=dataset: station.head(dataset), SECONDS) for dataset in datasets}  # type: ignore[misc]
    (revision,) = revisions
    assert revision is not None
    return revision


def finished(station: Station, dataset: str, revision: str | None = None) -> Record:
    """A dataset on the Hub, with everything in the cache that jobs make of it."""
    revision = revision or put(station, dataset)
    record = station.records.observe(station.records.raise_fence(dataset), Visibility.PUBLIC, revision)
    assert record is not None
    listing = Answer(b"{}", splits=[["default", "train"]])
    station.answers.write(AnswerKey(Kind.SPLITS, dataset), listing, record, revision)
    station.answers.write(AnswerKey(Kind.FIRST_ROWS, dataset, "default", "train"), Answer(b"{}"), record, revision)
    return record


def requests(station: Station) -> int:
    """How many requests the Hub got since `count_requests`, but for those with which a test asks it."""
    return station.hub.injected["latency"]


def count_requests(station: Station, **faults: Any) -> None:
    station.hub.set_faults(Faults(latency_ms=1, **faults))


def change_on_the_hub(station: Station) -> None:
    """One dataset each that is new, has moved on, is gone, is private now and is what it was, and no event of it."""
    known = ("acme/moved", "acme/deleted", "acme/hidden", "acme/same")
    revision = put(station, *known, "other/new")
    for dataset in known:
        finished(station, dataset, revision)
    hub = HfApi(station.hub.endpoint, token="hf_me")
    hub.delete_repo("acme/deleted", repo_type="dataset")
    hub.update_repo_settings("acme/hidden", private=True, repo_type="dataset")
    before = station.head("acme/moved")
    station.put("train.csv", "n\n2\n", "acme/moved")
    eventually(lambda: station.head("acme/moved") != before)


def failing_for(*datasets: str) -> AbstractContextManager[str]:
    """A stand-in for a Hub that has every dataset, and fails to describe these."""

    def reply_to(path: str) -> Reply:
        dataset = path.split("?")[0].removeprefix("/api/datasets/")
        body = json.dumps({"id": dataset, "sha": "2" * 40, "private": False, "gated": False}).encode()
        return Reply.of_json(body, 500 if dataset in datasets else 200)

    return standing_in(reply_to)
