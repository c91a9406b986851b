"""Types that need a library this server does not have (meshes, medical images, biology)."""

from typing import Any, NoReturn

from reader.features.kinds import CellError, Conversion


def convert(feature: Any, _value: Any, _conversion: Conversion) -> NoReturn:
    """Always an error: what there is to say."""
    raise CellError(f"cells of the type {type(feature).__name__} are not shown: this server has no decoder for them")
