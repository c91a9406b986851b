"""Real workers, a real Hub and a real Mongo, for the tests of what workers do."""

import base64
import gzip
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import httpx2
from hub.testing import RunningHub, eventually
from huggingface_hub import HfApi
from libcache.answers import AnswerKey, Answers, Kind
from libcache.records import Record, Records
from libqueue.model import JobKey
from libqueue.queue import Queue
from pymongo.database import Database

DATASET = "acme/csv"
T = TypeVar("T")
# The documents by database and collection; the same content has the same revision on every Hub.
_left_by_listing: dict[tuple[str, str], list[dict[str, Any]]] = {}


def children_of(pid: int) -> list[int]:
    """The processes whose parent is `pid`."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(fields[1]) == pid and fields[0] != "Z":
            found.append(int(stat.parent.name))
    return found


def processes_of(worker: subprocess.Popen[bytes]) -> list[int]:
    """The worker's zygote, and the children forked from it."""
    zygotes = children_of(worker.pid)
    return [*zygotes, *(child for zygote in zygotes for child in children_of(zygote))]


def busy_processes_of(worker: subprocess.Popen[bytes]) -> list[int]:
    """Its processes while it reads a split: the zygote and two children."""
    return eventually(lambda: found if len(found := processes_of(worker)) == 3 else [])


def is_alive(pid: int) -> bool:
    """Whether the process runs; a zombie doesn't."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


class HangingHub:
    """A Hub that accepts connections and never answers, until it goes on."""

    def __init__(self, station: "Station") -> None:
        self._process = station.hub.process

    def __enter__(self) -> "HangingHub":
        self._process.send_signal(signal.SIGSTOP)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.send_signal(signal.SIGCONT)


class Station:
    """A place with a Hub, a queue, a cache and as many workers as a test starts."""

    def __init__(
        self,
        hub: RunningHub,
        mongo_url: str,
        databases: tuple[Database[dict[str, Any]], Database[dict[str, Any]]],
        queue: Queue,
        directory: Path,
    ) -> None:
        self.hub = hub
        self.queue = queue
        self.queue_database, self.cache_database = databases
        self.records = Records(self.cache_database)
        self.answers = Answers(self.cache_database)
        self.assets = directory / "assets"
        self.scratch = directory / "scratch"
        self._logs = directory / "logs"
        self._logs.mkdir()
        self._mongo_url = mongo_url
        self.workers: list[subprocess.Popen[bytes]] = []

    def start(self, type_: str, **settings: object) -> subprocess.Popen[bytes]:
        """A worker; `settings` are environment variables."""
        environment = {
            **os.environ,
            "MONGO_URL": self._mongo_url,
            "MONGO_QUEUE_DATABASE": self.queue_database.name,
            "MONGO_CACHE_DATABASE": self.cache_database.name,
            "HF_ENDPOINT": self.hub.endpoint,
            "HF_TOKEN": "hf_worker",
            # It would find what a test means to be lost.
            "RECONCILE_INTERVAL_SECONDS": "0",
            "ASSETS_SWEEP_INTERVAL_SECONDS": "0",
            "ASSETS_STORAGE": str(self.assets),
            "SCRATCH_DIRECTORY": str(self.scratch),
            **{name: str(value) for name, value in settings.items()},
        }
        with (self._logs / f"{len(self.workers)}-{type_}.log").open("wb") as log:
            worker = subprocess.Popen([sys.executable, "-m", "worker", type_], env=environment, stdout=log, stderr=log)
        self.workers.append(worker)
        return worker

    def listed(self) -> None:
        """A dataset with one split whose job waits, and no worker.

        The first time, a worker has listed it; from then on, what that worker left in Mongo is put there again.
        """
        self.put("train.csv", "n\n1\n")
        eventually(self.head)
        databases = {"queue": self.queue_database, "cache": self.cache_database}
        if _left_by_listing:
            for (name, collection), documents in _left_by_listing.items():
                databases[name][collection].insert_many(documents)
            return
        worker = self.start("datasets")
        self.event()
        eventually(lambda: self.job("splits", "default", "train"), 30)
        eventually(lambda: self.job("datasets") is None)
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(20) == 0
        for name, database in databases.items():
            for collection in database.list_collection_names():
                if documents := list(database[collection].find()):
                    _left_by_listing[name, collection] = documents

    def url(self, worker: subprocess.Popen[bytes]) -> str:
        """Where a worker that was started here answers /healthcheck and /metrics."""
        (log,) = self._logs.glob(f"{self.workers.index(worker)}-*.log")

        def url() -> str | None:
            lines = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
            return next((line["url"] for line in lines if line.get("action") == "listening"), None)

        found = eventually(url, 60)
        assert found is not None
        return found

    def health(self, worker: subprocess.Popen[bytes]) -> Any:
        """What its /healthcheck says."""
        return httpx2.get(f"{self.url(worker)}/healthcheck", trust_env=False).json()

    def stop(self) -> None:
        for worker in self.workers:
            if worker.poll() is None:
                worker.send_signal(signal.SIGCONT)
                worker.kill()
            worker.wait()

    @property
    def log(self) -> str:
        return "".join(log.read_text() for log in sorted(self._logs.iterdir()))

    def put(self, name: str, content: str | bytes, dataset: str = DATASET) -> None:
        """Commits a file of a dataset to the Hub, which shows it at once: what is written to its folder, later."""
        HfApi(self.hub.endpoint, token="hf_me").create_repo(dataset, repo_type="dataset", exist_ok=True)
        data = base64.b64encode(content if isinstance(content, bytes) else content.encode()).decode()
        # By hand: the client refuses some of what a worker has to cope with.
        lines = [
            {"key": "header", "value": {"summary": name}},
            {"key": "file", "value": {"path": name, "content": data, "encoding": "base64"}},
        ]
        self.hub.http.post(
            f"/api/datasets/{dataset}/commit/main",
            headers={"Authorization": "Bearer hf_me", "Content-Type": "application/x-ndjson"},
            content="\n".join(map(json.dumps, lines)),
        ).raise_for_status()

    def head(self, dataset: str = DATASET) -> str | None:
        """The revision that the Hub shows to the workers; None when the dataset is not there."""
        answer = self.hub.http.get(f"/api/datasets/{dataset}", headers={"Authorization": "Bearer hf_worker"})
        return answer.json().get("sha") if answer.status_code == 200 else None

    def event(self, dataset: str = DATASET) -> None:
        """What the api does when a webhook says that a dataset changed."""
        self.records.announce(dataset)
        self.queue.add(JobKey("datasets", dataset))

    def record(self, dataset: str = DATASET) -> Record:
        record = self.records.find(dataset)
        assert record is not None
        return record

    def answer(self, config: str | None = None, split: str | None = None, dataset: str = DATASET) -> Any:
        """The answer that a reader would get now: of /first-rows for a split, else of /splits."""
        kind = Kind.FIRST_ROWS if split else Kind.SPLITS
        answer = self.cache_database["answers"].find_one(AnswerKey(kind, dataset, config, split).filter)
        record = self.records.find(dataset)
        if answer is None or record is None or answer["generation"] != record.generation:
            return None
        return {**answer, "json": json.loads(gzip.decompress(answer["body"]))}

    def rows(self, config: str = "default", split: str = "train", dataset: str = DATASET) -> Any:
        """The rows of a good answer, else None."""
        answer = self.answer(config, split, dataset)
        return [row["row"] for row in answer["json"]["rows"]] if answer and answer["status"] == 200 else None

    def code(self, config: str | None = None, split: str | None = None, dataset: str = DATASET) -> str | None:
        """The error code of an answer, if it is there and is an error."""
        answer = self.answer(config, split, dataset)
        return answer["code"] if answer else None

    def job(self, type_: str, config: str | None = None, split: str | None = None) -> Any:
        return self.queue_database["jobs"].find_one({"_id": str(JobKey(type_, DATASET, config, split))})

    def running(self, type_: str) -> Any:
        """The job of a type that a worker holds, if any."""
        return self.queue_database["jobs"].find_one({"type": type_, "status": "running"})

    def held(self, type_: str) -> Any:
        """The job of a type that a worker holds, once one does."""
        return eventually(lambda: self.running(type_), 30)

    def ended(self, type_: str | None = None) -> Any:
        """The history's entry of a job that ended, of this type or of any, if there is one."""
        which = {"dataset": DATASET} if type_ is None else {"dataset": DATASET, "type": type_}
        return self.queue_database["history"].find_one(which)

    def dead(self) -> Any:
        """What is kept of a job that was given up, if there is one."""
        return self.queue_database["dead"].find_one({"dataset": DATASET})

    def is_idle(self) -> bool:
        return self.queue_database["jobs"].count_documents({}) == 0

    def clear(self) -> None:
        """Takes away the dataset and all that is known of it; the workers stay."""
        self.settle()
        HfApi(self.hub.endpoint, token="hf_me").delete_repo(DATASET, repo_type="dataset", missing_ok=True)
        for database in (self.queue_database, self.cache_database):
            for collection in database.list_collection_names():
                database[collection].delete_many({})
        for dataset in self.assets.glob("[!.]*"):
            shutil.rmtree(dataset)

    def settle(self, seconds: float = 60) -> None:
        """Waits until no job is waiting or running; retries need not wait for their time."""
        self.hurried(self.is_idle, seconds)

    def hurried(self, condition: Callable[[], T], seconds: float = 30) -> T:
        """What `condition` gives, once that is true; meanwhile retries need not wait for their time."""

        def found() -> T:
            now = datetime.now(UTC)
            delayed = {"status": "delayed", "due_at": {"$gt": now}}
            self.queue_database["jobs"].update_many(delayed, {"$set": {"due_at": now}})
            return condition()

        return eventually(found, seconds)
