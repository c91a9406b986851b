"""Arrays of two to five dimensions: nested lists of scalars."""

from typing import Any

from reader.features.kinds import Conversion
from reader.features.value import scalar


def convert(_feature: Any, value: Any, _conversion: Conversion) -> Any:
    """Nested lists, whether the library gives a NumPy array or lists."""
    return _nested(value.tolist() if hasattr(value, "tolist") else value)


def _nested(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_nested(item) for item in value]
    return value.tolist() if hasattr(value, "tolist") else scalar(value)
