"""JSON as every process writes it: compact UTF-8, 64-bit integers whole."""

from typing import Any

import orjson


def dumps(value: Any) -> bytes:
    """The JSON text of `value`.

    Raises:
        TypeError: `value` holds something that JSON has no form for.
    """
    return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS)
