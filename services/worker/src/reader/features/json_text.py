"""The `Json` type: any JSON value in each cell, which arrives as text when it isn't decoded."""

import json
from typing import Any

import orjson

from reader.features.kinds import CellError, Conversion


def convert(_feature: Any, value: Any, _conversion: Conversion) -> Any:
    """The value itself, not its text; the NaN and infinities that Python writes into JSON are null."""
    if not isinstance(value, str):
        return value
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError as error:
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            raise CellError(f"not JSON: {error.msg}") from error
