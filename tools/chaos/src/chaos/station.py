"""The programs: a Mongo and a Hub for all, and stations, each an api and workers with databases of their own."""

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pymongo import MongoClient
from stack import mongo

from chaos.asking import asker, is_ok
from chaos.processes import Program, families
from chaos.scene import Scene

LEASE_SECONDS = 3.0
# Small, so that they matter with four workers.
_CAPS = {"MAX_JOBS_PER_DATASET": "1", "MAX_JOBS_PER_NAMESPACE": "2"}
# Trouble must never be taken for a dataset that can't be read.
_PATIENCE = dict.fromkeys(("MAX_ATTEMPTS", "MAX_CRASHES", "MAX_LOST_LEASES"), "1000")
SECRET = "chaos"  # noqa: S105 - of the webhooks of a test
WORKER_TOKEN = "hf_worker"  # noqa: S105
ASK_SECONDS = 2.0


class Ground:
    """What stations stand on: a Mongo whose files outlive it, and a Hub that announces changes to one of them."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("API_", "AUTH_", "CHAOS_", "HF_", "HUB_", "MAX_", "MONGO_"))
        }
        self._data = scene.directory / "mongo"
        self._data.mkdir()
        mongo_port, hub_port, self.webhook_port = mongo.free_port(), mongo.free_port(), mongo.free_port()
        self.mongo_url = f"mongodb://127.0.0.1:{mongo_port}"
        self.hub_url = f"http://127.0.0.1:{hub_port}"
        self.hub_state = scene.directory / "hub"
        self.mongo = self.program(
            "mongo",
            "mongo",
            mongo.command(mongo.choose_server(), self._data, mongo_port),
            ready=lambda _: mongo.listens(mongo_port) and mongo.ping(self.mongo_url),
        )
        hub_http = asker(self.hub_url, ASK_SECONDS)
        self.hub = self.program(
            "hub",
            "hub",
            [sys.executable, "-m", "hub", "--directory", str(scene.datasets), "--port", str(hub_port)],
            {
                "HUB_STATE_DIRECTORY": str(self.hub_state),
                "HUB_WEBHOOKS": f"http://127.0.0.1:{self.webhook_port}/webhook",
                "HUB_WEBHOOK_SECRET": SECRET,
                "HUB_WORKER_TOKEN": WORKER_TOKEN,
            },
            ready=lambda _: is_ok(hub_http, "/healthcheck"),
        )

    def program(
        self,
        kind: str,
        name: str,
        command: list[str],
        settings: Mapping[str, str] | None = None,
        *,
        ready: Callable[[int], bool],
    ) -> Program:
        """A program with settings of its own."""
        return Program(kind, name, command, {**self.environment, **(settings or {})}, self.scene.logs, ready)

    def client(self) -> MongoClient[dict[str, object]]:
        """A connection to Mongo for whoever looks from outside."""
        return MongoClient(self.mongo_url, tz_aware=True, serverSelectionTimeoutMS=5_000, socketTimeoutMS=20_000)


@dataclass(frozen=True)
class Station:
    """An api and workers."""

    name: str
    url: str
    api: Program
    workers: list[Program]

    @property
    def programs(self) -> list[Program]:
        """All of it."""
        return [self.api, *self.workers]

    @property
    def queue_database(self) -> str:
        """The database of its queue."""
        return f"{self.name}_queue"

    @property
    def cache_database(self) -> str:
        """The database of its answers."""
        return f"{self.name}_cache"


def station(ground: Ground, name: str, port: int, workers: list[str], witnesses: Mapping[str, str] | None) -> Station:
    """A station with workers of these types; `witnesses` are settings of `chaos.worker`, None for the plain worker."""
    product = {
        **_CAPS,
        **_PATIENCE,
        "LEASE_SECONDS": str(LEASE_SECONDS),
        "MONGO_URL": ground.mongo_url,
        "MONGO_QUEUE_DATABASE": f"{name}_queue",
        "MONGO_CACHE_DATABASE": f"{name}_cache",
        "HF_ENDPOINT": ground.hub_url,
        "ASSETS_STORAGE": str(ground.scene.directory / name / "assets"),
        # A lost event would come back by itself.
        "RECONCILE_INTERVAL_SECONDS": "0",
        # Often, and for what has just been left behind: what is swept too soon is missed in the end.
        "ASSETS_SWEEP_INTERVAL_SECONDS": "1",
        "ASSETS_GRACE_SECONDS": "1",
    }
    api = {**product, "API_PORT": str(port), "HF_WEBHOOK_SECRET": SECRET, "AUTH_MEMORY_SECONDS": "0"}
    worker = {
        **product,
        **(witnesses or {}),
        "HF_TOKEN": WORKER_TOKEN,
        "SCRATCH_DIRECTORY": str(ground.scene.directory / name / "scratch"),
    }
    url = f"http://127.0.0.1:{port}"
    http = asker(url, ASK_SECONDS)
    module = "worker" if witnesses is None else "chaos.worker"
    return Station(
        name,
        url,
        ground.program("api", f"{name}-api", [sys.executable, "-m", "api"], api, ready=lambda _: is_ok(http, "/ready")),
        [
            ground.program(
                "worker",
                f"{name}-worker-{number}-{type_}",
                [sys.executable, "-m", module, type_],
                worker,
                # Its signal handlers are there before it starts its zygote.
                ready=lambda pid: bool(families().get(pid)),
            )
            for number, type_ in enumerate(workers)
        ],
    )
