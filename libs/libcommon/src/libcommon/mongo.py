"""Connections to MongoDB, with the guarantees that an acknowledged write stands for."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import mongoengine
from pymongo import AsyncMongoClient
from pymongo.database import Database

from libcommon.pool import POOL

# A socket that hangs for longer than this is cut: a worker must learn within its lease that it cannot beat.
_TIMEOUT_MS = 5_000

OPTIONS: dict[str, Any] = {
    "event_listeners": [POOL],
    "w": "majority",
    "journal": True,
    "retryWrites": True,
    "tz_aware": True,
    "serverSelectionTimeoutMS": _TIMEOUT_MS,
    "connectTimeoutMS": _TIMEOUT_MS,
    "socketTimeoutMS": _TIMEOUT_MS,
}


def connect(url: str, database: str, alias: str) -> Database[dict[str, Any]]:
    """Connects the mongoengine documents of `alias` to `database`; every write is journaled by a majority.

    Connecting is lazy: a server that is down is noticed at the first operation, as `pymongo.errors.PyMongoError`.
    A database in the path of `url` is the one that knows the user, and nothing else.
    """
    mongoengine.connect(database, host=_without_database(url), alias=alias, uuidRepresentation="standard", **OPTIONS)
    connected: Database[dict[str, Any]] = mongoengine.get_db(alias)
    return connected


def disconnect(alias: str) -> None:
    """Closes what `connect` opened under `alias`."""
    mongoengine.disconnect(alias)


def connect_async(url: str) -> AsyncMongoClient[dict[str, Any]]:
    """A client for the event loop, with the same guarantees."""
    # Many wait at once there, and none for longer than for an answer.
    return AsyncMongoClient(url, uuidRepresentation="standard", waitQueueTimeoutMS=_TIMEOUT_MS, **OPTIONS)


def _without_database(url: str) -> str:
    """The same connection, with the database of its path as an option: mongoengine would store everything there.

    Source: MongoDB's connection string specification, `defaultauthdb` and `authSource`.
    """
    parts = urlsplit(url)
    name = parts.path.removeprefix("/")
    options = [parts.query] if parts.query else []
    if name and "@" in parts.netloc and "authsource" not in {option.lower() for option in parse_qs(parts.query)}:
        options.append(f"authSource={name}")
    return parts._replace(path="/", query="&".join(options)).geturl()
