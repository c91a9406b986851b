"""What the tests of several parts share: one Mongo server a run (`MONGO_URL`, or one of our own), databases apart."""

import os
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from libcache.schema import ALIAS as CACHE_ALIAS
from libcache.schema import open_cache_database
from libcommon.mongo import disconnect
from libqueue.model import Limits
from libqueue.schema import ALIAS as QUEUE_ALIAS
from libqueue.schema import open_queue_database
from pymongo import MongoClient
from pymongo.database import Database
from stack.mongo import running_mongo
from stack.s3 import S3, running_s3


@pytest.fixture(scope="session")
def mongo_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The server that all tests of a run share; each uses databases of its own on it."""
    given = os.environ.get("MONGO_URL")
    if given:
        yield given
        return
    with running_mongo(tmp_path_factory.mktemp("mongo")) as server:
        yield server.url


@pytest.fixture(scope="session")
def s3() -> Iterator[S3]:
    """An S3 server that all tests of a run share; each uses a prefix of its own in its bucket."""
    with running_s3() as server:
        yield server


def _database_name(mongo_url: str) -> Iterator[str]:
    name = f"test_{uuid.uuid4().hex[:12]}"
    yield name
    with MongoClient[dict[str, Any]](mongo_url) as client:
        for database in client.list_database_names():
            if database.startswith(name):
                client.drop_database(database)


@pytest.fixture
def database_name(mongo_url: str) -> Iterator[str]:
    """A name for databases that only this test uses; all whose names begin with it are dropped at the end."""
    yield from _database_name(mongo_url)


@pytest.fixture(scope="module")
def module_database_name(mongo_url: str) -> Iterator[str]:
    """The same for the tests of one module, which share what runs on them."""
    yield from _database_name(mongo_url)


@pytest.fixture(scope="session")
def session_database_name(mongo_url: str) -> Iterator[str]:
    """The same for tests of several modules."""
    yield from _database_name(mongo_url)


@pytest.fixture
def queue_limits() -> Limits:
    return Limits()


@pytest.fixture
def queue_database(mongo_url: str, database_name: str, queue_limits: Limits) -> Iterator[Database[dict[str, Any]]]:
    yield open_queue_database(mongo_url, f"{database_name}_queue")
    disconnect(QUEUE_ALIAS)


@pytest.fixture
def cache_database(mongo_url: str, database_name: str) -> Iterator[Database[dict[str, Any]]]:
    yield open_cache_database(mongo_url, f"{database_name}_cache")
    disconnect(CACHE_ALIAS)
