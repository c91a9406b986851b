"""What is slow elsewhere holds up nobody who doesn't need it."""

import itertools
import os
import re
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from hub.testing import eventually
from libcache.directory import Directory
from libcache.schema import Visibility, open_cache_database
from libcommon.mongo import disconnect
from stack.mongo import MongoServer, running_mongo

from services.api.tests.odd_hub import OddHub
from services.api.tests.process import RunningApi, running_api
from services.api.tests.shelf import Shelf

# More than a call of Mongo may take.
REQUEST_SECONDS = 6
OUTAGE_SECONDS = 2 * REQUEST_SECONDS
# What a busy machine may add to it.
LIMIT_SECONDS = REQUEST_SECONDS + 10
RECOVERY_SECONDS = 5
WATCHING = Path(__file__).parent / "watching"
PUBLIC, PRIVATE = "acme/waiting", "acme/waiting-in-private"


@pytest.fixture(scope="module")
def mongo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MongoServer]:
    """A server of this module's own, which it can stop."""
    with running_mongo(tmp_path_factory.mktemp("mongo")) as server:
        yield server


@pytest.fixture(scope="module")
def paths(mongo: MongoServer, assets_directory: Path, prefix: str) -> list[str]:
    """What can be asked for: good answers, errors, unknown names, files."""
    open_cache_database(mongo.url, f"{prefix}_cache")
    disconnect("cache")
    shelf = Shelf(mongo.url, prefix, Directory(assets_directory), assets_directory)
    for name, visibility in ((PRIVATE, Visibility.PRIVATE), (PUBLIC, Visibility.PUBLIC)):
        record = shelf.observe(name, visibility)
        shelf.list_splits(record, {"default": ["train", "waiting"]})
        asset, *_ = shelf.write_pictures(record, 50)
    shelf.client.close()
    rows = "config=default&split=train"
    found = [
        f"/{kind}?dataset={name}&{rows}" for name in (PUBLIC, PRIVATE) for kind in ("splits", "first-rows", "rows")
    ]
    found += [f"/is-valid?dataset={PUBLIC}", f"/splits?dataset={PUBLIC}&config=default", "/valid", asset]
    found += [
        f"/first-rows?dataset={PUBLIC}&config=default&split=waiting",
        f"/rows?dataset={PUBLIC}&config=no&split=no",
    ]
    return [*found, "/openapi.json", "/docs", "/metrics", "/ready", "/splits", "/nope"]


def settings_of(environment: dict[str, str], mongo: MongoServer, hub: OddHub) -> dict[str, str]:
    return {**environment, "MONGO_URL": mongo.url, "HF_ENDPOINT": hub.url, "HF_WEBHOOK_SECRET": ""}


def ask(api: RunningApi, path: str) -> int:
    codings = {"Accept-Encoding": "identity, gzip;q=0.5, zstd;q=0.1"}
    return httpx2.get(f"{api.url}{path}", headers=codings, timeout=LIMIT_SECONDS).status_code


def announce(api: RunningApi, name: str) -> int:
    body = {"update": f"datasets/{name}"}
    return httpx2.post(f"{api.url}/webhook", json=body, timeout=LIMIT_SECONDS).status_code


@contextmanager
def load(actions: list[Callable[[], Any]], threads: int = 6) -> Iterator[list[tuple[float, Any]]]:
    """Does these things again and again for the time of a block; notes what came, and when it had been begun."""
    results: list[tuple[float, Any]] = []
    stop = threading.Event()

    def work(first: int) -> None:
        for action in itertools.islice(itertools.cycle(actions), first, None):
            if stop.is_set():
                return
            begun = time.monotonic()
            results.append((begun, action()))

    with ThreadPoolExecutor(threads) as pool:
        working = [pool.submit(work, first) for first in range(threads)]
        try:
            yield results
        finally:
            stop.set()
        for each in working:
            each.result()


def test_no_handler_waits_on_the_event_loop(
    environment: dict[str, str], mongo: MongoServer, odd_hub: OddHub, paths: list[str]
) -> None:
    settings = {**settings_of(environment, mongo, odd_hub), "AUTH_MEMORY_SECONDS": "0", "ANSWERS_MEMORY_SECONDS": "0"}
    with running_api({**settings, "PYTHONPATH": str(WATCHING)}) as api:
        for path in paths:
            # What is imported or opened once is no wait of a handler's.
            ask(api, path)
        before = len(api.log)
        api.process.send_signal(signal.SIGUSR2)
        numbers = itertools.count()
        actions: list[Callable[[], Any]] = [lambda path=path: ask(api, path) for path in paths]  # type: ignore[misc]
        actions += [lambda: announce(api, PUBLIC), lambda: ask(api, f"/splits?dataset=acme/unknown-{next(numbers)}")]
        with load(actions) as results:
            eventually(lambda: len(results) > 120, seconds=60)
        assert {status for _, status in results} <= {200, 202, 403, 404, 422, 503}
        assert re.findall("^BLOCKED .*", api.log[before:], re.MULTILINE) == []


def test_while_mongo_stands_still_nothing_hangs_and_then_all_is_right_again(
    environment: dict[str, str], mongo: MongoServer, odd_hub: OddHub, paths: list[str]
) -> None:
    of_mongo = ("/splits?", "/first-rows?", "/rows?", "/is-valid?", "/valid", "/assets/")
    good = [path for path in paths if path.startswith(of_mongo) and "=waiting" not in path and "=no" not in path]
    settings = {**settings_of(environment, mongo, odd_hub), "API_REQUEST_SECONDS": str(REQUEST_SECONDS)}
    with running_api(settings) as api:
        assert {ask(api, path) for path in good} == {200}
        numbers = itertools.count()
        actions: list[Callable[[], Any]] = [lambda path=path: ask(api, path) for path in good]  # type: ignore[misc]
        actions += [lambda: announce(api, f"acme/announced-{next(numbers)}")]
        with load(actions) as results:
            eventually(lambda: len(results) > 60 and 202 in {status for _, status in results}, seconds=30)
            before = list(results)
            os.kill(mongo.process.pid, signal.SIGSTOP)
            stopped = time.monotonic()
            try:
                eventually(lambda: ask(api, "/ready") == 503)
                while time.monotonic() < stopped + OUTAGE_SECONDS:
                    # Many wait by now; who asks for what needs no Mongo doesn't.
                    assert ask(api, "/healthcheck") == 200
                    assert ask(api, "/docs") == 200
                    assert httpx2.get(f"{api.url}/ready", timeout=LIMIT_SECONDS).json()["mongo"] == "does not answer"
            finally:
                os.kill(mongo.process.pid, signal.SIGCONT)
            back = time.monotonic()
            eventually(lambda: ask(api, "/ready") == 200, seconds=RECOVERY_SECONDS)
            eventually(lambda: all(ask(api, path) == 200 for path in good), seconds=RECOVERY_SECONDS)
            eventually(lambda: announce(api, PUBLIC) == 202, seconds=RECOVERY_SECONDS)
            eventually(lambda: {200, 202} <= statuses_since(back + RECOVERY_SECONDS, results), seconds=30)
        # None waited longer than it may, or `ask` would have raised; and each was told what it could be told.
        assert {status for _, status in results} == {200, 202, 500}
        assert {status for _, status in before} == {200, 202}
        assert statuses_since(back + RECOVERY_SECONDS, results) == {200, 202}


def statuses_since(moment: float, results: list[tuple[float, Any]]) -> set[Any]:
    """The statuses of those that were begun after it."""
    return {status for begun, status in results if begun > moment}
