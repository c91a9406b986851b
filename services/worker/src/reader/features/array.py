"""Arrays of two to five dimensions: nested lists of scalars."""

from typing import Any

from reader.features.kinds import Conversion
from reader.features.value import scalar


def convert(_feature: Any, value: Any, _conversion: Conversion) -> Any:
    """Nested lists."""
    return _nested(value)


def _nested(value: Any) -> Any:
    return [_nested(item) for item in value] if isinstance(value, list) else scalar(value)
