import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from stack import mongo
from stack.errors import StackError
from stack.mongo import free_port, reachable_hosts
from stack.settings import Settings


@pytest.fixture
def ports() -> dict[str, str]:
    """Some that nobody listens on, whatever else runs on this machine."""
    return {"PORT": str(free_port()), "HUB_PORT": str(free_port()), "ADMIN_PORT": str(free_port())}


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.mark.parametrize("name", ["PORT", "HUB_PORT", "ADMIN_PORT", "MONGO_PORT", "WORKERS_DATASETS", "WORKERS_SPLITS"])
@pytest.mark.parametrize("value", ["many", "-1", "1.5", "100000", "9" * 5000, "٣"])
def test_a_number_that_is_none_is_refused_by_its_name(ports: dict[str, str], name: str, value: str) -> None:
    with pytest.raises(StackError, match=rf"^{name} is .*; expected a whole number from \d+ to \d+$"):
        Settings.from_environment(ports | {name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MONGO_SERVER", "mongo"),
        ("HF_ENDPOINT", "huggingface.co"),
        ("HF_ENDPOINT", "ftp://huggingface.co"),
        ("DATASETS_DIRECTORY", "/nowhere/at/all"),
        ("REVERSE_PROXY", "apache"),
    ],
)
def test_a_value_that_makes_no_sense_is_refused_by_its_name(ports: dict[str, str], name: str, value: str) -> None:
    with pytest.raises(StackError, match=rf"^{name} is .*; expected .*$"):
        Settings.from_environment(ports | {name: value})


@pytest.mark.parametrize("name", ["PORT", "HUB_PORT", "ADMIN_PORT", "MONGO_PORT"])
def test_a_port_in_use_is_refused_by_its_name(ports: dict[str, str], taken_port: int, name: str) -> None:
    with pytest.raises(StackError, match=f"^{name} is {taken_port}, which is in use"):
        Settings.from_environment(ports | {name: str(taken_port)})


def test_the_port_of_a_hub_that_is_not_started_may_be_in_use(ports: dict[str, str], taken_port: int) -> None:
    settings = Settings.from_environment(
        ports | {"HUB_PORT": str(taken_port), "HF_ENDPOINT": "https://hub.example/", "HF_TOKEN": "hf_user"}
    )
    assert (settings.hub_endpoint, settings.hub_token) == ("https://hub.example", "hf_user")


def test_two_services_on_one_port_are_refused(ports: dict[str, str]) -> None:
    with pytest.raises(StackError, match="are both"):
        Settings.from_environment(ports | {"HUB_PORT": ports["PORT"]})


def test_an_empty_variable_counts_as_an_absent_one(ports: dict[str, str]) -> None:
    empty = dict.fromkeys(("HF_ENDPOINT", "MONGO_URL", "WORKERS_SPLITS", "DATASETS_DIRECTORY", "DATA_DIRECTORY"), "")
    settings = Settings.from_environment(ports | empty)
    assert settings == Settings.from_environment(ports)
    assert (settings.workers_datasets, settings.workers_splits) == (1, 2)
    assert settings.data_directory == Path.cwd() / ".data"


def test_a_mongo_url_is_checked_without_showing_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mongo, "REACH_MILLISECONDS", 100)
    with pytest.raises(StackError, match="expected mongodb://HOST:PORT"):
        reachable_hosts("localhost")
    port = free_port()
    with pytest.raises(StackError, match=f"no Mongo server answers at 127.0.0.1:{port}") as error:
        reachable_hosts(f"mongodb://me:hunter2@127.0.0.1:{port}/")
    assert "hunter2" not in str(error.value)
