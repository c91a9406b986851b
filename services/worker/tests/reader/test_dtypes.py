"""The JSON of every dtype, wherever in a cell its values stand."""

import re
from decimal import Decimal
from itertools import product
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from datasets.features.features import List, Value, string_to_arrow
from hub.testing import eventually

from services.worker.tests.reader.cell import cell_of, write
from services.worker.tests.reader.dtypes import EXAMPLES

_UNITS = ("s", "ms", "us", "ns")


def _stored(dtype: str) -> pa.Array:
    example = EXAMPLES[dtype]
    if dtype.startswith("decimal"):
        return pa.array([Decimal(example.stored), None], string_to_arrow(dtype))
    return example.array(dtype)


def _is_accepted(dtype: str) -> bool:
    try:
        return isinstance(string_to_arrow(dtype), pa.DataType)
    except (ValueError, TypeError):
        return False


def _accepted() -> set[str]:
    """What the installed releases take: Arrow's types without parameters by their names, and each kind with units."""
    functions = {name: made.__doc__ or "" for name, made in vars(pa).items() if not isinstance(made, type)}
    names = {name.removesuffix("_") for name, text in functions.items() if re.match(r"\w+\(\)", text)} | {"binary"}
    temporal = {f"{kind}[{unit}]" for kind, unit in product(("timestamp", "duration", "time32", "time64"), _UNITS)}
    return {dtype for dtype in names | temporal if _is_accepted(dtype)}


def test_every_dtype_that_the_library_takes_has_an_example() -> None:
    assert len(_accepted()) > 30
    assert _accepted() - set(EXAMPLES) == set()
    of_kinds = {"decimal32", "decimal64", "decimal128", "decimal256", "time32", "time64", "timestamp", "duration"}
    kinds = {kind for kind in of_kinds if any(_is_accepted(f"{kind}{rest}") for rest in ("(5, 2)", "[s]", "[us]"))}
    assert {kind for kind in kinds if not any(dtype.startswith(kind) for dtype in EXAMPLES)} == set()


@pytest.mark.parametrize("dtype", EXAMPLES)
def test_a_value_is_written_as_the_contract_says_alone_and_inside_lists_and_structs(dtype: str) -> None:
    values, json = _stored(dtype), EXAMPLES[dtype].json
    assert cell_of(Value(dtype), values) == json
    of_two = pa.ListArray.from_arrays(pa.array([0, 2], pa.int32()), values)
    assert cell_of(List(Value(dtype)), of_two) == [json, None]
    large = pa.LargeListArray.from_arrays(pa.array([0, 2], pa.int64()), values)
    assert cell_of(List(Value(dtype)), large) == [json, None]
    assert cell_of({"a": Value(dtype)}, pa.StructArray.from_arrays([values[:1]], ["a"])) == {"a": json}


def _one_of_scale(scale: int) -> pa.Array:
    one = pa.py_buffer((1).to_bytes(16, "little"))
    return pa.Array.from_buffers(pa.decimal128(1, scale), 1, [None, one])


@pytest.mark.parametrize(
    "values",
    [
        pa.array([10**12], pa.timestamp("s")),
        pa.array([10**7], pa.date32()),
        pa.array([2**62], pa.duration("s")),
        pa.array([0], pa.timestamp("us", "Mars/Base")),
        _one_of_scale(-(2**31)),
    ],
)
def test_a_value_out_of_range_is_null_with_an_error(values: pa.Array) -> None:
    cell = write(Value("null"), values)
    assert (cell.json, cell.error) == (b"null", "a value out of the range that can be shown")


def test_a_parquet_file_gives_every_dtype_that_it_can_hold(reader: Any, datasets_directory: Path) -> None:
    not_in_parquet = {"month_day_nano_interval", "decimal128(4, -2)"}
    # These have no name in the library when a file's own types decide.
    by_name_only = {"uuid", "bool8", "json_"}
    dtypes = [dtype for dtype in EXAMPLES if dtype not in not_in_parquet | by_name_only]
    folder = datasets_directory / "edge" / "every-dtype"
    folder.mkdir()
    pq.write_table(pa.table({dtype: _stored(dtype) for dtype in dtypes}), folder / "data.parquet")
    eventually(lambda: reader.observe("edge/every-dtype")["revision"])
    page = reader.read("edge/every-dtype")
    assert page.json["rows"][0]["row"] == {dtype: EXAMPLES[dtype].json for dtype in dtypes}
    assert page.json["rows"][1]["row"] == dict.fromkeys(dtypes)
