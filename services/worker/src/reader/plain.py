"""From the value of a cell in Arrow to Python, past what the `datasets` library's own array types do to it.

Their way leads through NumPy, which turns nanoseconds into bare numbers and a null among arrays without a fixed first
dimension into an error. Stored, such an array is nested lists like any other.
"""

from typing import Any

import pyarrow as pa
from datasets.features.features import _ArrayXDExtensionType


def python_value(value: pa.Scalar) -> Any:
    """The value as Python has it; arrays of any dimension are nested lists.

    Raises:
        ValueError, ArithmeticError, pa.ArrowException: Python has no such value.
    """
    plain = _plain(value.type)
    return (value if plain == value.type else value.cast(plain)).as_py()


def _plain(kind: pa.DataType) -> pa.DataType:
    if isinstance(kind, _ArrayXDExtensionType):
        return kind.storage_type
    if pa.types.is_struct(kind):
        return pa.struct([field.with_type(_plain(field.type)) for field in kind])
    if pa.types.is_fixed_size_list(kind):
        return pa.list_(kind.value_field.with_type(_plain(kind.value_type)), kind.list_size)
    if pa.types.is_list(kind):
        return pa.list_(kind.value_field.with_type(_plain(kind.value_type)))
    if pa.types.is_large_list(kind):
        return pa.large_list(kind.value_field.with_type(_plain(kind.value_type)))
    return kind
