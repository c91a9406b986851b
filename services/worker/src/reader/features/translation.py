"""Translations: an object with a text for each language, or two lists."""

from typing import Any

from reader.features.kinds import CellError, Conversion
from reader.features.value import scalar


def convert(_feature: Any, value: Any, _conversion: Conversion) -> Any:
    """The object as it is."""
    if not isinstance(value, dict):
        raise CellError("an object was expected")
    return {
        name: [scalar(text) for text in texts] if isinstance(texts, list | tuple) else scalar(texts)
        for name, texts in value.items()
    }
