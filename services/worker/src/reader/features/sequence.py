"""Lists."""

from typing import Any

from reader.features.kinds import CellError, Conversion


def convert(feature: Any, value: Any, conversion: Conversion) -> Any:
    """A list, each item by the type of the list's items."""
    if isinstance(value, str | bytes | dict):
        raise CellError("a list was expected")
    return [conversion.part(feature.feature, item) for item in value]
