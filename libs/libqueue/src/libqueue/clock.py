"""The database's clock: the only one that two machines can compare."""

from datetime import UTC, datetime, timedelta
from typing import Any

from pymongo.database import Database

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def after(seconds: float) -> dict[str, Any]:
    """An expression for a pipeline update: the database's time, `seconds` from now (before now if negative)."""
    return {"$dateAdd": {"startDate": "$$NOW", "unit": "millisecond", "amount": round(seconds * 1000)}}


def microseconds(offset: int = 0) -> dict[str, Any]:
    """An expression for a pipeline update: the database's time in microseconds since 1970, and `offset` more."""
    return {"$add": [{"$multiply": [{"$toLong": "$$NOW"}, 1000]}, offset]}


def now(database: Database[dict[str, Any]]) -> datetime:
    """The database's time, for use in filters: the conditional update that follows must check again."""
    time: datetime = database.client.admin.command("hello")["localTime"]
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def microseconds_now(database: Database[dict[str, Any]]) -> int:
    """The database's time in microseconds since 1970."""
    return (now(database) - _EPOCH) // timedelta(microseconds=1)
