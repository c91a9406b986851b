"""One Hub, one set of databases and one api for all tests that need none of their own."""

import itertools
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hub.testing import RunningHub, running_hub
from libcache.assets import Assets
from libcache.directory import Directory
from libcache.schema import Visibility

from services.api.tests.odd_hub import OddHub
from services.api.tests.process import RunningApi, running_api
from services.api.tests.shelf import Shelf
from services.api.tests.tokens import Issuer

SECRET = "the webhook's secret"


@pytest.fixture(scope="session")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHub]:
    with running_hub(tmp_path_factory.mktemp("datasets")) as running:
        yield running


@pytest.fixture(scope="session")
def prefix() -> str:
    """What the names of the databases of these tests begin with."""
    return f"test_{uuid.uuid4().hex[:12]}"


@pytest.fixture(scope="session")
def assets_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("assets")


@pytest.fixture(scope="session")
def issuer() -> Issuer:
    """Who signs the Hub's JWTs."""
    return Issuer()


@pytest.fixture(scope="session")
def environment(mongo_url: str, hub: RunningHub, prefix: str, assets_directory: Path, issuer: Issuer) -> dict[str, str]:
    """The settings of an api over the databases of these tests."""
    return {
        "MONGO_URL": mongo_url,
        "MONGO_QUEUE_DATABASE": f"{prefix}_queue",
        "MONGO_CACHE_DATABASE": f"{prefix}_cache",
        "ASSETS_STORAGE": str(assets_directory),
        "HF_ENDPOINT": hub.endpoint,
        "HF_WEBHOOK_SECRET": SECRET,
        # So that tests can ask as different clients.
        "TRUSTED_PROXIES": "1",
        "HF_JWT_ADDITIONAL_PUBLIC_KEYS": issuer.pem,
        "ASSETS_SIGNING_KEYS": "of these tests only and long enough",
    }


@pytest.fixture(scope="session")
def api(environment: dict[str, str]) -> Iterator[RunningApi]:
    """An api with the auth check at the Hub, and a secret."""
    with running_api(environment) as running:
        yield running


@pytest.fixture(scope="session")
def public_api(environment: dict[str, str]) -> Iterator[RunningApi]:
    """An api without an auth check and without a secret."""
    with running_api({**environment, "HF_AUTH_PATH": "", "HF_WEBHOOK_SECRET": ""}) as running:
        yield running


@pytest.fixture(scope="session")
def shelf(mongo_url: str, prefix: str, assets_directory: Path) -> Iterator[Shelf]:
    with opened_shelf(mongo_url, prefix, Directory(assets_directory)) as shelf:
        yield shelf


@contextmanager
def opened_shelf(mongo_url: str, prefix: str, assets: Assets) -> Iterator[Shelf]:
    """A shelf for the time of a `with` block; its databases are dropped."""
    with TemporaryDirectory() as scratch:
        shelf = Shelf(mongo_url, prefix, assets, Path(scratch))
        yield shelf
    for name in shelf.client.list_database_names():
        if name.startswith(prefix):
            shelf.client.drop_database(name)
    shelf.client.close()


@pytest.fixture(scope="session")
def numbers() -> "itertools.count[int]":
    return itertools.count()


@pytest.fixture
def dataset(hub: RunningHub, numbers: "itertools.count[int]") -> Callable[[Visibility], str]:
    """Makes a dataset at the Hub, and gives its name, which no other test uses. A missing one isn't made."""

    def make(visibility: Visibility = Visibility.PUBLIC) -> str:
        name = f"me/{visibility.value}-{next(numbers)}"
        me = {"Authorization": "Bearer hf_me"}
        if visibility is not Visibility.MISSING:
            created = {"name": name, "type": "dataset"}
            hub.http.post("/api/repos/create", json=created, headers=me).raise_for_status()
        change = {Visibility.PRIVATE: {"visibility": "private"}, Visibility.GATED: {"gated": "auto"}}.get(visibility)
        if change:
            hub.http.put(f"/api/datasets/{name}/settings", json=change, headers=me).raise_for_status()
        return name

    return make


@pytest.fixture(scope="session")
def listening_odd_hub() -> Iterator[OddHub]:
    with OddHub().listening() as hub:
        yield hub


@pytest.fixture
def odd_hub(listening_odd_hub: OddHub) -> OddHub:
    """A Hub that lets everybody in, until the test says otherwise."""
    listening_odd_hub.reset()
    return listening_odd_hub
