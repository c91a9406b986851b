"""The programs of the system, in the order in which they start, and what each is told by its environment."""

import http.client
import signal
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from stack import mongo, reverse_proxy
from stack.child import Program
from stack.directory import Secrets
from stack.settings import Settings

_OF_BUCKET = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
WITHHELD = frozenset(
    (
        "MONGO_URL",
        "HF_TOKEN",
        "HUGGING_FACE_HUB_TOKEN",
        "HF_WEBHOOK_SECRET",
        "HF_WEBHOOK_PREVIOUS_SECRET",
        "HUB_WEBHOOK_SECRET",
        "HUB_WORKER_TOKEN",
        "ASSETS_SIGNING_KEYS",
        "ADMIN_TOKEN",
        *_OF_BUCKET,
    )
)
"""Taken out of everybody's environment: only who needs a secret gets it."""
PROBE_TIMEOUT_SECONDS = 1.0
# Longer than `worker_shutdown_timeout` of its configuration.
PROXY_STOP_SECONDS = 15.0


def programs(
    settings: Settings,
    secrets: Secrets,
    mongo_server: str,
    datasets_directory: Path,
    environment: Mapping[str, str],
) -> list[list[Program]]:
    """The stages: Mongo, the Hub, the workers, the api and the admin service, the reverse proxy.

    Without the first two where the user has them elsewhere, and without the last where there is to be none.

    Raises `MongoError` when another server uses the Mongo files of this stack.
    """
    common = {name: value for name, value in environment.items() if name not in WITHHELD}
    common["PYTHONUNBUFFERED"] = "1"
    stages: list[list[Program]] = []

    mongo_url = settings.mongo_url
    if mongo_url is None:
        mongo_port = settings.mongo_port or mongo.free_port()
        mongo_url = f"mongodb://127.0.0.1:{mongo_port}"
        stages.append([_mongo(settings, mongo_server, mongo_port, mongo_url, common)])

    # All datasets of our own Hub; of somebody else's only if that is asked for.
    scope = "hub" if settings.hub_endpoint is None else "known"
    hub_endpoint, hub_token, webhook_secret = settings.hub_endpoint, settings.hub_token, settings.webhook_secret
    if hub_endpoint is None:
        hub_endpoint, hub_token = f"http://127.0.0.1:{settings.hub_port}", secrets.worker_token
        webhook_secret = webhook_secret or secrets.webhook_secret
        stages.append([_hub(settings, datasets_directory, hub_token, webhook_secret, common)])

    directory = str(settings.data_directory / "assets")
    storage = environment.get("ASSETS_STORAGE") or directory
    product = common | {
        "MONGO_URL": mongo_url,
        "HF_ENDPOINT": hub_endpoint,
        "ASSETS_STORAGE": storage,
        **{name: environment[name] for name in _OF_BUCKET if name in environment},
    }
    worker = {"RECONCILE_SCOPE": scope} | product | {"SCRATCH_DIRECTORY": str(settings.data_directory / "caches")}
    if hub_token is not None:
        worker["HF_TOKEN"] = hub_token
    api_port = settings.port if settings.nginx is None else mongo.free_port()
    api = product | {"API_HOST": "127.0.0.1", "API_PORT": str(api_port)}
    api["ASSETS_SIGNING_KEYS"] = environment.get("ASSETS_SIGNING_KEYS") or secrets.signing_key
    if webhook_secret is not None:
        api["HF_WEBHOOK_SECRET"] = webhook_secret
    if settings.nginx is not None:
        location = reverse_proxy.settings_of(environment)["ASSETS_INTERNAL_LOCATION"]
        api |= {"TRUSTED_PROXIES": "1", "ASSETS_INTERNAL_LOCATION": location}
    counts = {"datasets": settings.workers_datasets, "splits": settings.workers_splits}
    stages.append(
        [
            Program(f"worker-{kind}-{number}", [sys.executable, "-m", "worker", kind], worker)
            for kind, count in counts.items()
            for number in range(1, count + 1)
        ]
    )
    last = [Program("api", [sys.executable, "-m", "api"], api, _answers(api_port, "/ready"))]
    if settings.admin_port is not None:
        admin = product | {"ADMIN_HOST": "127.0.0.1", "ADMIN_PORT": str(settings.admin_port)}
        admin["ADMIN_TOKEN"] = environment.get("ADMIN_TOKEN") or secrets.admin_token
        if hub_token is not None:
            admin["HF_TOKEN"] = hub_token
        ready = _answers(settings.admin_port, "/ready")
        last.append(Program("admin", [sys.executable, "-m", "admin", "serve"], admin, ready))
    stages.append(last)
    if settings.nginx is not None:
        proxy = reverse_proxy.settings_of(environment) | {
            "PROXY_LISTEN": f"127.0.0.1:{settings.port}",
            "PROXY_API": f"127.0.0.1:{api_port}",
            # The files of a bucket come from the api.
            "ASSETS_DIRECTORY": directory if "://" in storage else storage,
        }
        stages.append([_reverse_proxy(settings, settings.nginx, proxy, common)])
    return stages


def _mongo(settings: Settings, server: str, port: int, url: str, environment: Mapping[str, str]) -> Program:
    # A folder for each server: they can't read each other's files.
    directory = settings.data_directory / "mongo" / server
    directory.mkdir(parents=True, exist_ok=True)
    mongo.wait_until_free(directory)
    return Program(
        "mongo",
        mongo.command(server, directory, port),
        environment,
        ready=lambda: mongo.listens(port) and mongo.ping(url),
        grace_seconds=mongo.STOP_SECONDS,
    )


def _hub(
    settings: Settings, datasets_directory: Path, token: str, webhook_secret: str, environment: Mapping[str, str]
) -> Program:
    command = [sys.executable, "-m", "hub", "--directory", str(datasets_directory)]
    command += ["--host", "127.0.0.1", "--port", str(settings.hub_port)]
    command += ["--webhook", f"http://127.0.0.1:{settings.port}/webhook"]
    command += ["--state-directory", str(settings.data_directory / "hub")]
    # By environment: everybody on the machine can read a command line.
    known = {**environment, "HUB_WEBHOOK_SECRET": webhook_secret, "HUB_WORKER_TOKEN": token}
    return Program("hub", command, known, _answers(settings.hub_port, "/healthcheck"))


def _reverse_proxy(
    settings: Settings, nginx: Path, proxy: Mapping[str, str], environment: Mapping[str, str]
) -> Program:
    return Program(
        "reverse-proxy",
        reverse_proxy.command(nginx, settings.data_directory / "reverse-proxy", proxy),
        environment,
        _answers(settings.port, "/ready"),
        grace_seconds=PROXY_STOP_SECONDS,
        # SIGTERM ends what is under way, too.
        stop_signal=signal.SIGQUIT,
    )


def _answers(port: int, path: str) -> Callable[[], bool]:
    """Whether `path` at that port of this machine answers 200."""

    def ask() -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PROBE_TIMEOUT_SECONDS)
        try:
            connection.request("GET", path)
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    return ask
