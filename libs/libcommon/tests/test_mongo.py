"""Where things are stored, whatever the connection string names."""

from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest
from libcommon.mongo import connect, disconnect
from pymongo.database import Database

ALIAS = "test_mongo"


@pytest.fixture
def open_database() -> Iterator[Callable[[str], "Database[dict[str, object]]"]]:
    yield lambda url: connect(url, "named_by_its_setting", ALIAS)
    disconnect(ALIAS)


def test_a_database_in_the_path_is_not_where_things_are_stored(
    mongo_url: str, open_database: Callable[[str], "Database[dict[str, object]]"]
) -> None:
    database = open_database(urlsplit(mongo_url)._replace(path="/another").geturl())
    assert database.name == "named_by_its_setting"
    assert database.command("ping")["ok"]


@pytest.mark.parametrize(
    ("url", "source"),
    [
        ("mongodb://me:secret@127.0.0.1:1/users?retryWrites=true", "users"),
        ("mongodb://me:secret@127.0.0.1:1,127.0.0.1:2/users?authSource=others", "others"),
        ("mongodb://me:secret@127.0.0.1:1", "admin"),
    ],
)
def test_a_database_in_the_path_is_the_one_that_knows_the_user(
    url: str, source: str, open_database: Callable[[str], "Database[dict[str, object]]"]
) -> None:
    credentials = open_database(url).client.options.pool_options._credentials
    assert credentials is not None
    assert credentials.source == source
