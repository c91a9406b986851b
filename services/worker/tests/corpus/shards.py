"""Splits of several files that don't agree."""

import pyarrow as pa

from services.worker.tests.corpus.case import Case, Failure, Page, only
from services.worker.tests.reader.edge_cases import README, card, lines, parquet


def _shards(name: str, first: bytes, second: bytes, extension: str, expected: Page | Failure, yaml: str = "") -> Case:
    readme = {README: card(yaml)} if yaml else {}
    return Case(
        name, lambda: {**readme, f"data/one.{extension}": first, f"data/two.{extension}": second}, only(expected)
    )


def _table(**columns: object) -> bytes:
    return parquet(pa.table(columns))


_UNLIKE = "data/two."

CASES = [
    _shards(
        "shards-csv-other-columns",
        b"a,b\n1,x\n",
        b"a,c\n2,y\n",
        "csv",
        Page(
            {"a": "int64", "b": "string", "c": "string"},
            [{"a": 1, "b": "x", "c": None}, {"a": 2, "b": None, "c": "y"}],
        ),
    ),
    _shards(
        "shards-csv-other-types",
        b"a\n1\n",
        b"a\nx\n",
        "csv",
        Page({"a": "int64"}, [{"a": 1}], ends="does not have the type of the other data files"),
    ),
    _shards(
        "shards-json-other-columns",
        lines({"a": 1}),
        lines({"a": 2, "c": "y"}),
        "jsonl",
        Page({"a": "int64"}, [{"a": 1}], ends="data/two.jsonl are not those of the other data files"),
    ),
    _shards(
        "shards-json-fewer-columns",
        lines({"a": 1, "b": 2}),
        lines({"a": 2}),
        "jsonl",
        Page({"a": "int64", "b": "int64"}, [{"a": 1, "b": 2}, {"a": 2, "b": None}]),
    ),
    _shards(
        "shards-json-other-types",
        lines({"a": 1}, {"a": 2}),
        lines({"a": {"b": 1}}),
        "jsonl",
        Page({"a": "int64"}, [{"a": 1}, {"a": 2}], ends="In data/two.jsonl, the column 'a'"),
    ),
    _shards(
        "shards-parquet-other-columns",
        _table(a=[1]),
        _table(a=[2], c=["y"]),
        "parquet",
        Page({"a": "int64"}, [{"a": 1}], ends="there is also 'c'"),
    ),
    _shards(
        "shards-parquet-columns-in-another-order",
        _table(a=[1], b=["x"]),
        _table(b=["y"], a=[2]),
        "parquet",
        Page({"a": "int64", "b": "string"}, [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]),
    ),
    _shards(
        "shards-parquet-other-types",
        _table(a=[1]),
        _table(a=["x"]),
        "parquet",
        Page({"a": "int64"}, [{"a": 1}], ends="data/two.parquet"),
    ),
    _shards(
        "shards-parquet-narrower-type",
        _table(a=[1]),
        _table(a=pa.array([2], pa.int32())),
        "parquet",
        Page({"a": "int64"}, [{"a": 1}, {"a": 2}]),
    ),
    _shards(
        "shards-parquet-one-of-nulls",
        _table(a=["x"]),
        _table(a=pa.nulls(1)),
        "parquet",
        Page({"a": "string"}, [{"a": "x"}, {"a": None}]),
    ),
    _shards(
        "shards-parquet-second-is-damaged",
        _table(a=[1]),
        b"PAR1 nothing PAR1",
        "parquet",
        Page({"a": "int64"}, [{"a": 1}], ends="data/two.parquet"),
    ),
    Case(
        "shards-of-two-formats",
        lambda: {"data/one.csv": b"a\n1\n", "data/two.csv": b"a\n2\n", "data/three.jsonl": lines({"a": 3})},
        only(Page({"a": "int64"}, [{"a": 1}, {"a": 2}])),
    ),
    Case(
        "shards-csv-hundred",
        lambda: {f"data/{number:03}.csv": b"a\n%d\n" % number for number in range(100)},
        only(Page({"a": "int64"}, [{"a": number} for number in range(100)])),
    ),
    Case(
        "shards-parquet-one-without-rows",
        lambda: {
            "data/one.parquet": parquet(pa.table({"a": [1]}).slice(0, 0)),
            "data/two.parquet": parquet(pa.table({"a": [2]})),
        },
        only(Page({"a": "int64"}, [{"a": 2}])),
    ),
]
