"""Types of columns in Parquet files, and nulls in each."""

import io
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
from datasets import Array2D, Array3D, Dataset, Features, disable_progress_bars

from services.worker.tests.corpus.case import Case, Failure, Page, only
from services.worker.tests.reader.edge_cases import parquet


def _value(dtype: str) -> dict[str, object]:
    return {"dtype": dtype, "_type": "Value"}


def _list(feature: object, **more: object) -> dict[str, object]:
    return {"feature": feature, **more, "_type": "List"}


def _column(
    name: str, kind: pa.DataType, values: list[Any], shown: object, expected: list[Any], *, long: bool = False
) -> Case:
    """A column of one type, with a null at its end."""
    return Case(
        name,
        lambda: {"data.parquet": parquet(pa.table({"a": pa.array([*values, None], kind)}))},
        only(Page({"a": shown}, [{"a": value} for value in [*expected, None]])),
        long=long,
    )


def _whole(bits: int, *, signed: bool) -> Case:
    name = f"{'' if signed else 'u'}int{bits}"
    extremes = [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1] if signed else [0, 2**bits - 1]
    return _column(f"type-{name}", getattr(pa, name)(), extremes, name, extremes, long=bits < 64)


def _array(kind: type, shape: tuple[int, ...]) -> bytes:
    data = io.BytesIO()
    disable_progress_bars()
    values = np.arange(np.prod(shape)).reshape(shape).tolist()
    Dataset.from_dict({"a": [values]}, features=Features({"a": kind(shape=shape, dtype="int32")})).to_parquet(data)
    return data.getvalue()


def _labelled(feature: Mapping[str, object], values: pa.Array, rows: list[Any], **more: Any) -> Case:
    name = more.pop("name")
    return Case(
        name,
        lambda: {"data.parquet": parquet(pa.table({"a": values}), {"a": feature})},
        only(Page({"a": feature}, [{"a": row} for row in rows], **more)),
    )


_MOMENT = datetime(2024, 2, 29, 12, 30, 15, 123456)  # noqa: DTZ001 - a timestamp without a zone
_FLOATS = [1.5, float("nan"), float("inf"), float("-inf"), -0.0]
_SHOWN_FLOATS = [1.5, None, None, None, -0.0]
_UNSUPPORTED = Failure("FeaturesError", "data.parquet", "map<string, int64", "not supported")
_LABEL = {"names": ["no", "yes"], "_type": "ClassLabel"}

CASES = [
    *(_whole(bits, signed=signed) for bits in (8, 16, 32, 64) for signed in (True, False)),
    _column("type-bool", pa.bool_(), [True, False], "bool", [True, False]),
    _column("type-float16", pa.float16(), [np.float16(value) for value in _FLOATS], "float16", _SHOWN_FLOATS),
    _column("type-float32", pa.float32(), _FLOATS, "float32", _SHOWN_FLOATS),
    _column("type-float64", pa.float64(), [*_FLOATS, 1e308], "float64", [*_SHOWN_FLOATS, 1e308]),
    _column("type-string", pa.string(), ["", "é 😀\u0000\n"], "string", ["", "é 😀\u0000\n"]),
    _column("type-large-string", pa.large_string(), ["x"], "large_string", ["x"]),
    _column(
        "type-string-view", pa.string_view(), ["x", "longer than twelve"], "string_view", ["x", "longer than twelve"]
    ),
    _column("type-binary", pa.binary(), [b"", b"\x00\xff"], "binary", ["", "AP8="]),
    _column("type-large-binary", pa.large_binary(), [b"\x00\xff"], "large_binary", ["AP8="]),
    _column("type-binary-view", pa.binary_view(), [b"\x00\xff"], "binary_view", ["AP8="]),
    _column("type-date32", pa.date32(), [date(2024, 2, 29), date(1, 1, 1)], "date32", ["2024-02-29", "0001-01-01"]),
    _column("type-time32", pa.time32("ms"), [time(23, 59, 59)], "time32[ms]", ["23:59:59"]),
    _column("type-time64", pa.time64("us"), [time(23, 59, 59, 999999)], "time64[us]", ["23:59:59.999999"]),
    _column(
        "type-timestamp-ms",
        pa.timestamp("ms"),
        [_MOMENT.replace(microsecond=123000)],
        "timestamp[ms]",
        ["2024-02-29T12:30:15.123000+00:00"],
    ),
    _column("type-timestamp-us", pa.timestamp("us"), [_MOMENT], "timestamp[us]", ["2024-02-29T12:30:15.123456+00:00"]),
    _column(
        "type-timestamp-ns",
        pa.timestamp("ns"),
        [1_700_000_000_123_456_789],
        "timestamp[ns]",
        ["2023-11-14T22:13:20.123456789+00:00"],
    ),
    _column(
        "type-timestamp-with-zone",
        pa.timestamp("us", tz="Asia/Kolkata"),
        [0],
        "timestamp[us, tz=Asia/Kolkata]",
        ["1970-01-01T05:30:00+05:30"],
    ),
    _column(
        "type-duration",
        pa.duration("ms"),
        [timedelta(milliseconds=-1500), timedelta(days=2, hours=1)],
        "duration[ms]",
        ["-PT1.5S", "P2DT3600S"],
    ),
    _column(
        "type-decimal128",
        pa.decimal128(10, 2),
        [Decimal("12345678.90"), Decimal("-0.01")],
        "decimal128(10, 2)",
        ["12345678.90", "-0.01"],
    ),
    _column("type-decimal256", pa.decimal256(60, 0), [Decimal("9" * 60)], "decimal256(60, 0)", ["9" * 60]),
    _column("type-null", pa.null(), [None], "null", [None]),
    _column("type-list", pa.list_(pa.int64()), [[], [1, None]], _list(_value("int64")), [[], [1, None]]),
    _column(
        "type-large-list", pa.large_list(pa.int64()), [[1]], {"feature": _value("int64"), "_type": "LargeList"}, [[1]]
    ),
    _column("type-list-of-fixed-length", pa.list_(pa.int64(), 2), [[1, 2]], _list(_value("int64"), length=2), [[1, 2]]),
    _column(
        "type-list-of-lists",
        pa.list_(pa.list_(pa.string())),
        [[["x"], [], None]],
        _list(_list(_value("string"))),
        [[["x"], [], None]],
    ),
    _column(
        "type-struct",
        pa.struct({"x": pa.int64(), "y": pa.string()}),
        [{"x": 1, "y": None}],
        {"x": _value("int64"), "y": _value("string")},
        [{"x": 1, "y": None}],
    ),
    _column(
        "type-list-of-structs",
        pa.list_(pa.struct({"x": pa.int64()})),
        [[{"x": 1}, None]],
        _list({"x": _value("int64")}),
        [[{"x": 1}, None]],
    ),
    _column("type-dictionary", pa.dictionary(pa.int32(), pa.string()), ["x", "y"], "string", ["x", "y"]),
    Case(
        "type-far-future",
        lambda: {"data.parquet": parquet(pa.table({"a": pa.array([0, 2**62], pa.timestamp("ms")), "b": [1, 2]}))},
        only(
            Page(
                {"a": "timestamp[ms]", "b": "int64"},
                [{"a": "1970-01-01T00:00:00+00:00", "b": 1}, {"a": None, "b": 2}],
                errors={1: {"a": "out of the range"}},
            )
        ),
    ),
    Case(
        "type-map",
        lambda: {
            "data.parquet": parquet(pa.table({"a": pa.array([[("k", 1)]], pa.map_(pa.string(), pa.int64())), "b": [1]}))
        },
        only(_UNSUPPORTED),
    ),
    Case(
        "type-fixed-size-binary",
        lambda: {"data.parquet": parquet(pa.table({"a": pa.array([b"1234"], pa.binary(4))}))},
        only(Page({"a": "fixed_size_binary[4]"}, [{"a": "MTIzNA=="}])),
    ),
    Case(
        "type-array-2d",
        lambda: {"data.parquet": _array(Array2D, (2, 3))},
        only(Page({"a": {"shape": [2, 3], "dtype": "int32", "_type": "Array2D"}}, [{"a": [[0, 1, 2], [3, 4, 5]]}])),
    ),
    Case(
        "type-array-3d",
        lambda: {"data.parquet": _array(Array3D, (2, 1, 2))},
        only(Page({"a": {"shape": [2, 1, 2], "dtype": "int32", "_type": "Array3D"}}, [{"a": [[[0, 1]], [[2, 3]]]}])),
    ),
    _labelled(_LABEL, pa.array([1, 0, None]), [1, 0, None], name="type-class-label"),
    _labelled(
        {"languages": ["de", "en"], "_type": "Translation"},
        pa.array([{"de": "ja", "en": "yes"}]),
        [{"de": "ja", "en": "yes"}],
        name="type-translation",
    ),
    _labelled(
        {"languages": ["de", "en"], "num_languages": 2, "_type": "TranslationVariableLanguages"},
        pa.array([{"language": ["de", "en"], "translation": ["ja", "yes"]}]),
        [{"language": ["de", "en"], "translation": ["ja", "yes"]}],
        name="type-translation-variable-languages",
    ),
    _labelled(_list(_LABEL), pa.array([[1, 0], []]), [[1, 0], []], name="type-list-of-class-labels"),
    _labelled(
        {"_type": "Json"}, pa.array(['{"x": [1, null]}', None], pa.json_()), [{"x": [1, None]}, None], name="type-json"
    ),
    _labelled(
        {"_type": "Json"},
        pa.array(["{not json", "7"], pa.json_()),
        [None, 7],
        errors={0: {"a": "not JSON"}},
        name="type-json-that-is-none",
    ),
    *(
        _labelled(
            {"_type": kind},
            pa.array([{"bytes": b"solid", "path": "x"}, None]),
            [None, None],
            errors={0: {"a": kind}},
            name=f"type-{kind.lower()}",
        )
        for kind in ("Mesh", "Nifti")
    ),
]
