"""Several processes that serve together."""

import os
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest
from hub.testing import eventually

from services.api.tests.process import RunningApi, running_api

COUNT = 2


@pytest.fixture(scope="module")
def together(environment: dict[str, str]) -> Iterator[RunningApi]:
    with started(environment) as api:
        yield api


@contextmanager
def started(environment: dict[str, str]) -> Iterator[RunningApi]:
    """An api of several processes, all of which serve."""
    with running_api({**environment, "API_PROCESSES": str(COUNT)}) as api:
        eventually(lambda: len(serving(api)) == COUNT, seconds=20)
        yield api


def children(api: RunningApi) -> set[int]:
    """The ids of the processes that it started and that are alive."""
    found = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            _, _, fields = stat.read_text().rpartition(") ")
        except OSError:
            continue
        state, parent, *_ = fields.split()
        if int(parent) == api.process.pid and state != "Z":
            found.add(int(stat.parent.name))
    return found


def serving(api: RunningApi) -> set[int]:
    """Those that listen: they have said so."""
    return {pid for pid in children(api) if api.log.count('"action":"listening"') >= COUNT and is_api(pid)}


def is_api(pid: int) -> bool:
    # The standard library's own helper of processes is started by Python, too.
    try:
        return b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


def metrics_folder_of(api: RunningApi) -> Path:
    variables = Path(f"/proc/{min(serving(api))}/environ").read_bytes().split(b"\0")
    (folder,) = [each.partition(b"=")[2] for each in variables if each.startswith(b"PROMETHEUS_MULTIPROC_DIR=")]
    return Path(folder.decode())


def ask(api: RunningApi, path: str) -> httpx2.Response:
    """Over a connection of its own, which any of the processes may take."""
    return httpx2.get(f"{api.url}{path}", timeout=30)


def healthchecks(api: RunningApi) -> float:
    """How many were counted."""
    (line,) = re.findall(r'api_request_seconds_count\{.*route="/healthcheck".*\} (.*)', ask(api, "/metrics").text)
    return float(line)


def test_any_of_them_tells_what_all_have_counted(together: RunningApi) -> None:
    for _ in range(40):
        assert ask(together, "/healthcheck").status_code == 200
    # The last of them is counted after its answer.
    eventually(lambda: healthchecks(together) >= 40)
    counted = healthchecks(together)
    assert [healthchecks(together) for _ in range(5)] == [counted] * 5
    assert "pid=" not in ask(together, "/metrics").text


def test_one_that_is_killed_is_replaced_and_what_it_counted_is_not_lost(together: RunningApi) -> None:
    ask(together, "/healthcheck")
    eventually(lambda: healthchecks(together) > 0)
    counted = healthchecks(together)
    victim = min(serving(together))
    os.kill(victim, signal.SIGKILL)
    eventually(lambda: len(serving(together) - {victim}) == COUNT, seconds=20)
    eventually(lambda: together.log.count('"action":"listening"') == COUNT + 1, seconds=20)
    assert '"action":"process_ended"' in together.log
    assert healthchecks(together) >= counted
    assert not list(metrics_folder_of(together).glob(f"gauge_live*_{victim}.db")), "its connections are still counted"


def test_on_sigterm_all_of_them_end(environment: dict[str, str]) -> None:
    with started(environment) as api:
        pids = serving(api)
        assert api.stop() == 0
        assert not any(Path(f"/proc/{pid}").exists() for pid in pids)
        assert api.log.count('"action":"stopped"') == COUNT


def test_none_outlives_the_one_that_started_them(environment: dict[str, str]) -> None:
    with started(environment) as api:
        pids = serving(api)
        api.stop(signal.SIGKILL)
        eventually(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids), seconds=20)


def test_when_one_can_not_start_all_end_with_its_reason(environment: dict[str, str]) -> None:
    unknown = environment["MONGO_URL"].replace("://", "://nobody:secret@")
    settings = {**environment, "API_PROCESSES": "2", "MONGO_URL": unknown}
    with pytest.raises(RuntimeError, match="MONGO_URL: the MongoDB server can't be used"), running_api(settings):
        pass
