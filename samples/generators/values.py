"""Every kind of value a Parquet column with features can hold, with its extremes."""

import datetime
import math
from decimal import Decimal
from pathlib import Path
from typing import Any

from datasets import Array2D, ClassLabel, Features, LargeList, List, Translation, Value

from samples.generators.files import Generator, write_card, write_parquet

_INT64_MAX = 2**63 - 1
_INT64_MIN = -(2**63)

_FEATURES = Features(
    {
        "case": Value("string"),
        "label": ClassLabel(names=["no", "yes", "maybe"]),
        "flag": Value("bool"),
        "int8": Value("int8"),
        "int64": Value("int64"),
        "uint64": Value("uint64"),
        "float32": Value("float32"),
        "float64": Value("float64"),
        "decimal": Value("decimal128(20, 4)"),
        "date": Value("date32"),
        "time": Value("time64[us]"),
        "timestamp": Value("timestamp[us]"),
        "timestamp_utc": Value("timestamp[ms, tz=UTC]"),
        "timestamp_zone": Value("timestamp[us, tz=Europe/Berlin]"),
        "duration": Value("duration[us]"),
        "binary": Value("binary"),
        "large_string": Value("large_string"),
        "numbers": List(Value("int32")),
        "triple": List(Value("float32"), length=3),
        "large_list": LargeList(Value("string")),
        "nested": {
            "point": {"x": Value("float64"), "y": Value("float64")},
            "labels": List(ClassLabel(names=["a", "b"])),
        },
        "matrix": Array2D(shape=(2, 3), dtype="int32"),
        "translation": Translation(languages=["en", "fr"]),
    }
)


def _ordinary(number: int) -> dict[str, Any]:
    moment = datetime.datetime(2024, 3, 30, 22, 15, 0, 250_000, datetime.UTC) + datetime.timedelta(hours=number)
    return {
        "case": f"ordinary {number}",
        "label": number % 3,
        "flag": number % 2 == 0,
        "int8": number - 4,
        "int64": number * 1_000_003,
        "uint64": number,
        "float32": number / 8,
        "float64": number / 3,
        "decimal": Decimal(number) + Decimal("0.1250"),
        "date": moment.date(),
        "time": moment.time(),
        "timestamp": moment,
        "timestamp_utc": moment,
        "timestamp_zone": moment,
        "duration": datetime.timedelta(minutes=number, microseconds=5),
        "binary": bytes(range(number, number + 4)),
        "large_string": f"row {number}",
        "numbers": list(range(number % 4)),
        "triple": [0.5, float(number), -0.5],
        "large_list": [f"item {item}" for item in range(number % 3)],
        "nested": {"point": {"x": number / 2, "y": -1.0}, "labels": [number % 2]},
        "matrix": [[number, 1, 2], [3, 4, 5]],
        "translation": {"en": f"number {number}", "fr": f"numéro {number}"},
    }


def _cases() -> list[dict[str, Any]]:
    first, last = datetime.datetime.min.replace(tzinfo=datetime.UTC), datetime.datetime.max.replace(tzinfo=datetime.UTC)
    # A moment at the very ends of the calendar leaves it when shifted to a zone: those columns stop a day earlier.
    day = datetime.timedelta(days=1)
    nothing = dict.fromkeys(_FEATURES)
    smallest = {
        "label": -1,
        "int8": -128,
        "int64": _INT64_MIN,
        "uint64": 0,
        "float32": -math.inf,
        "float64": -math.inf,
        "decimal": Decimal("-9999999999999999.9999"),
        "date": first.date(),
        "time": datetime.time.min,
        "timestamp": first,
        "timestamp_utc": first + day,
        "timestamp_zone": first + day,
        "duration": datetime.timedelta(days=-100_000),
        "binary": b"",
        "large_string": "",
        "numbers": [],
        "triple": [-math.inf, math.nan, math.inf],
    }
    largest = {
        "int8": 127,
        "int64": _INT64_MAX,
        "uint64": 2**64 - 1,
        "float32": math.inf,
        "float64": math.inf,
        "decimal": Decimal("9999999999999999.9999"),
        "date": last.date(),
        "time": datetime.time.max,
        "timestamp": last,
        "timestamp_utc": last - day,
        "timestamp_zone": last - day,
        "duration": datetime.timedelta(days=100_000),
        "binary": bytes(range(256)),
        "numbers": [-(2**31), None, 2**31 - 1],
    }
    not_a_number = {
        "float32": math.nan,
        "float64": math.nan,
        "int64": 2**53 + 1,
        "nested": {"point": None, "labels": []},
    }
    small = {"float64": 5e-324, "float32": -0.0, "decimal": Decimal("0.0001")}
    return [
        *(_ordinary(number) for number in range(8)),
        {**_ordinary(8), **smallest, "case": "smallest; label -1 is none"},
        {**_ordinary(9), **largest, "case": "largest"},
        {**_ordinary(10), **not_a_number, "case": "not a number; an integer no double holds; null in a struct"},
        {**_ordinary(11), **small, "case": "close to zero"},
        {**nothing, "case": "null everywhere"},
    ]


def value_types(folder: Path) -> None:
    sentence = "Labels, dates, zones, durations, decimals, binary, arrays, NaN, infinities, large integers, nulls."
    write_card(folder, "Value types", sentence)
    write_parquet(folder / "data" / "train-00000-of-00001.parquet", _cases(), _FEATURES)


DATASETS: dict[str, Generator] = {"samples/value-types": value_types}
