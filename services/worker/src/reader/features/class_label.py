"""Labels stay integers: the column's type carries the names."""

from typing import Any

from reader.features.kinds import Conversion
from reader.features.value import scalar


def convert(_feature: Any, value: Any, _conversion: Conversion) -> Any:
    """The integer of the label."""
    return scalar(value)
