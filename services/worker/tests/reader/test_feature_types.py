"""Every type of column that the installed `datasets` release has, and how deep in a cell it may stand."""

from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from datasets import (
    Array2D,
    Array3D,
    Array4D,
    Array5D,
    ClassLabel,
    Features,
    Image,
    Json,
    LargeList,
    List,
    Translation,
    TranslationVariableLanguages,
    Value,
)
from datasets.features.features import _FEATURE_TYPES
from datasets.table import table_cast
from PIL import Image as Picture
from reader.features.table import CONVERTERS
from reader.features.unsupported import LIBRARIES

from services.worker.tests.reader.cell import cell_of, write


def stored(feature: Any, value: Any) -> pa.Array:
    """The column that the library makes for `feature` of one cell and a null."""
    column = pa.table({"column": [value, None]})
    return table_cast(column, Features({"column": feature}).arrow_schema)["column"].combine_chunks()


def test_every_type_of_the_library_is_shown_or_says_which_library_it_needs() -> None:
    assert set(_FEATURE_TYPES) - set(CONVERTERS) == set(LIBRARIES)


@pytest.mark.parametrize("name", LIBRARIES)
def test_a_type_that_needs_a_library_is_null_and_says_so(name: str) -> None:
    cell = write(_FEATURE_TYPES[name](), pa.array([{"bytes": b"x", "path": None}]))
    assert cell.json == b"null"
    assert cell.error == f"cells of the type {name} are not shown: this server lacks the library {LIBRARIES[name]}"


def test_a_type_of_a_later_release_is_null_and_says_so() -> None:
    cell = write(type("Hologram", (), {})(), pa.array([1]))
    assert (cell.json, "does not know it" in str(cell.error)) == (b"null", True)


@pytest.mark.parametrize("dimensions", [2, 3, 4, 5])
@pytest.mark.parametrize("dtype", ["int64", "float16", "bool", "string", "timestamp[ns]"])
def test_an_array_is_nested_lists(dimensions: int, dtype: str) -> None:
    array = {2: Array2D, 3: Array3D, 4: Array4D, 5: Array5D}[dimensions]
    one, json = {
        "int64": (2**60 + 1, 2**60 + 1),
        "float16": (float("nan"), None),
        "bool": (True, True),
        "string": ("é", "é"),
        "timestamp[ns]": (datetime.fromtimestamp(0, UTC).replace(tzinfo=None), "1970-01-01T00:00:00+00:00"),
    }[dtype]
    value, expected = [one, None], [json, None]
    for _ in range(dimensions - 1):
        value, expected = [value], [expected]  # type: ignore[list-item]
    for first in (1, None):
        feature = array((first, *[1] * (dimensions - 2), 2), dtype)
        column = stored(feature, value)
        assert cell_of(feature, column) == expected
        assert cell_of(feature, column[1:]) is None
        assert cell_of(List(feature), stored(List(feature), [value, None])) == [expected, None]


@pytest.mark.parametrize(
    ("feature", "value"),
    [
        (ClassLabel(names=["no", "yes"]), 1),
        (Translation(["de", "en"]), {"de": "ja", "en": None}),
        (TranslationVariableLanguages(["de", "en"]), {"language": ["de", "de"], "translation": ["ja", "doch"]}),
        (List(Value("int8"), length=2), [1, None]),
        (LargeList({"a": List({"b": Value("string")})}), [{"a": [{"b": "x"}, {"b": None}]}, {"a": None}, None]),
        ({"a": {"b": Value("int8")}, "c": Value("bool")}, {"a": {"b": 1}, "c": None}),
    ],
)
def test_a_column_is_written_by_its_type(feature: Any, value: Any) -> None:
    column = stored(feature, value)
    assert cell_of(feature, column) == value
    assert cell_of(feature, column[1:]) is None
    assert cell_of(List(feature), stored(List(feature), [value, None])) == [value, None]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"a": [1, {"b": null}], "c": 9007199254740993}', {"a": [1, {"b": None}], "c": 2**53 + 1}),
        ('{"a": NaN, "b": [-Infinity]}', {"a": None, "b": [None]}),
        ('"text"', "text"),
        ("null", None),
    ],
)
def test_json_is_the_value_and_not_its_text(text: str, expected: Any) -> None:
    column = pa.array([text], pa.json_())
    assert cell_of(Json(), column) == expected
    assert cell_of(List(Json()), pa.ListArray.from_arrays([0, 1], column)) == [expected]


@pytest.mark.parametrize("text", ["{", "[" * 100_000, "[" * 500 + "]" * 500, ""])
def test_json_that_can_not_be_shown_is_null_with_an_error(text: str) -> None:
    cell = write(Json(), pa.array([text], pa.json_()))
    assert cell.json == b"null"
    assert "JSON" in str(cell.error)


def test_media_are_found_at_any_depth(tmp_path: Path) -> None:
    data = BytesIO()
    Picture.new("RGB", (3, 2)).save(data, "PNG")
    file = {"bytes": data.getvalue(), "path": "a.png"}
    feature = LargeList({"rows": List({"pictures": List(Image()), "n": Value("int8")})})
    value = [{"rows": [{"pictures": [file, None, file], "n": 1}, {"pictures": [], "n": 2}]}, None]
    shown = cell_of(feature, stored(feature, value), tmp_path)
    (name,) = [entry.name for entry in tmp_path.iterdir()]
    picture = {"src": f"/assets/{name}", "height": 2, "width": 3}
    assert shown == [{"rows": [{"pictures": [picture, None, picture], "n": 1}, {"pictures": [], "n": 2}]}, None]
