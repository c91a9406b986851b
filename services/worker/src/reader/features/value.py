"""Scalars."""

import base64
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pyarrow as pa

from reader.features.kinds import CellError, Conversion

_NANOSECONDS_PER_SECOND = 1_000_000_000


def convert(_feature: Any, value: Any, _conversion: Conversion) -> Any:
    """A scalar as the contract has it; NaN and infinities become null when they are written."""
    return scalar(value)


def scalar(value: Any) -> Any:
    """A JSON value for a Python, NumPy or pandas scalar.

    Raises:
        CellError: there is none for its type.
    """
    match value:
        case str():
            return _text(value)
        case None | bool() | int() | float():
            return value
        case datetime():  # before date, which it is one of
            return (value if value.tzinfo else value.replace(tzinfo=UTC)).isoformat()
        case date() | time():
            return value.isoformat()
        case timedelta():
            return duration(value)
        case bytes() | bytearray() | memoryview():
            return base64.b64encode(value).decode()
        case Decimal():
            return f"{value:f}" if value.is_finite() else None
        case UUID():
            return str(value)
        case pa.MonthDayNano():
            return interval(value)
    if hasattr(value, "item"):  # a NumPy scalar
        return scalar(value.item())
    raise CellError(f"values of the Python type {type(value).__name__} are not shown")


def duration(value: timedelta) -> str:
    """An ISO 8601 duration in days and seconds, such as "P1DT3600S", "PT0.5S" or "-PT1S"."""
    nanoseconds = (value.days * 86_400 + value.seconds) * _NANOSECONDS_PER_SECOND + value.microseconds * 1_000
    nanoseconds += getattr(value, "nanoseconds", 0)  # of pandas.Timedelta
    days, rest = divmod(abs(nanoseconds), 86_400 * _NANOSECONDS_PER_SECOND)
    clock = f"T{_seconds(rest)}S" if rest or not days else ""
    return f"{'-' if nanoseconds < 0 else ''}P{f'{days}D' if days else ''}{clock}"


def interval(value: pa.MonthDayNano) -> str:
    """A calendar interval as an ISO 8601 duration such as "P1M-2DT0.5S": each part has its own sign."""
    clock = f"T{_seconds(value.nanoseconds)}S" if value.nanoseconds else ""
    return f"P{value.months}M{value.days}D{clock}"


def _seconds(nanoseconds: int) -> str:
    seconds, fraction = divmod(abs(nanoseconds), _NANOSECONDS_PER_SECOND)
    digits = f"{seconds}.{fraction:09d}".rstrip("0") if fraction else str(seconds)
    return f"-{digits}" if nanoseconds < 0 else digits


def _text(value: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError:  # lone surrogates, which JSON text may escape and UTF-8 can't hold
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return value
