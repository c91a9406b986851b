"""The database's clock: the only one that two machines can compare."""

from datetime import UTC, datetime
from typing import Any

from pymongo.database import Database


def after(seconds: float) -> dict[str, Any]:
    """An expression for a pipeline update: the database's time, `seconds` from now (before now if negative)."""
    return {"$dateAdd": {"startDate": "$$NOW", "unit": "millisecond", "amount": round(seconds * 1000)}}


def now(database: Database[dict[str, Any]]) -> datetime:
    """The database's time, for use in filters: the conditional update that follows must check again."""
    time: datetime = database.client.admin.command("hello")["localTime"]
    return time if time.tzinfo else time.replace(tzinfo=UTC)
