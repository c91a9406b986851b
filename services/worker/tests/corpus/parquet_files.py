"""Parquet and Arrow files: empty, damaged, lying, of every layout and codec."""

import io
from collections.abc import Callable
from functools import partial

import pandas as pd  # type: ignore[import-untyped]
import pyarrow as pa
import pyarrow.parquet as pq

from services.worker.tests.corpus.case import Case, Failure, Page, only
from services.worker.tests.reader.edge_cases import parquet

_TABLE = pa.table({"a": [1, 2, 3]})
_THREE = Page({"a": "int64"}, [{"a": 1}, {"a": 2}, {"a": 3}])
_DAMAGED = Failure("CorruptDataError", "data.parquet", "upload it again")
_DAMAGED_INSIDE = Failure("CorruptDataError", "data.parquet is damaged inside", "upload it again")


def _case(name: str, content: Callable[[], bytes], expected: Page | Failure, *, long: bool = False) -> Case:
    return Case(name, lambda: {"data.parquet": content()}, only(expected), long=long)


def _written(table: pa.Table, **options: object) -> bytes:
    data = io.BytesIO()
    pq.write_table(table, data, **options)
    return data.getvalue()


def _many_rows(**options: object) -> bytes:
    return _written(pa.table({"a": range(100_000), "text": ["word " * 20] * 100_000}), **options)


_MANY = Page(
    {"a": "int64", "text": "string"},
    [{"a": number, "text": "word " * 20} for number in range(100)],
    number=100,
    ends="first 100 rows",
)


def _footer_of(length: int) -> bytes:
    """A file whose last bytes say that its footer has this length."""
    return _written(_TABLE)[:-8] + length.to_bytes(4, "little") + b"PAR1"


def _overwritten(begin: int, end: int) -> bytes:
    data = bytearray(_written(pa.table({"a": list(range(1_000))}), compression="snappy", use_dictionary=False))
    data[begin:end] = b"\xff" * (end - begin)
    return bytes(data)


def _replaced(begin: int, content: bytes, **options: object) -> bytes:
    data = bytearray(_written(_TABLE, **options))
    data[begin : begin + len(content)] = content
    return bytes(data)


def _damaged_schema_of_arrow() -> bytes:
    return _replaced(_written(_TABLE).index(b"ARROW:schema") + 68, b"/")


def _damaged_path_of_a_column() -> bytes:
    """Each column has its path in the schema, and once more in each row group (parquet.thrift, ColumnMetaData)."""
    return _written(_TABLE).replace(b"\x19\x18\x01a", b"\x19\x18\x01\x80")


def _required_column_with_levels() -> bytes:
    """A column that may hold nulls, by its type (here INT64) and repetition (parquet.thrift, SchemaElement), made one
    that may not; sizes in its statistics are of the first kind."""
    return _written(_TABLE).replace(b"\x15\x04\x25\x02", b"\x15\x04\x25\x00")


def _page_of_an_unknown_kind() -> bytes:
    """The first field of the first page's header is its kind, here -1 (parquet.thrift, PageHeader)."""
    return _replaced(len(b"PAR1"), b"\x15\x01", use_dictionary=False)


def _text_shorter_than_nothing() -> bytes:
    """Before each text is its length (Apache Parquet, Encodings, PLAIN)."""
    plain = _written(pa.table({"a": ["x"]}), compression="none")
    return plain.replace(b"\x01\x00\x00\x00x", b"\xff\xff\xff\xffx", 1)


def _twice_the_same_name() -> bytes:
    return _written(pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["a", "a"]))


def _arrow(stream: bool) -> bytes:
    data = io.BytesIO()
    with (pa.ipc.new_stream if stream else pa.ipc.new_file)(data, _TABLE.schema) as writer:
        writer.write_table(_TABLE)
    return data.getvalue()


CASES = [
    _case("parquet", lambda: _written(_TABLE), _THREE),
    _case("parquet-damaged-schema-of-arrow", _damaged_schema_of_arrow, _DAMAGED_INSIDE),
    _case("parquet-damaged-path-of-a-column", _damaged_path_of_a_column, _THREE),
    _case("parquet-damaged-kind-of-a-column", _required_column_with_levels, _DAMAGED_INSIDE),
    _case(
        "parquet-text-shorter-than-nothing",
        _text_shorter_than_nothing,
        Failure("StreamingRowsError", "could not be read"),
    ),
    _case("parquet-page-of-an-unknown-kind", _page_of_an_unknown_kind, _DAMAGED_INSIDE),
    _case("parquet-one-big-row-group", lambda: _many_rows(row_group_size=100_000), _MANY),
    _case("parquet-thousand-row-groups", lambda: _many_rows(row_group_size=100), _MANY),
    *(
        _case(
            f"parquet-{codec}",
            partial(_written, _TABLE, compression=codec),
            _THREE,
            long=codec not in ("snappy", "zstd"),
        )
        for codec in ("none", "snappy", "gzip", "brotli", "zstd", "lz4")
    ),
    _case("parquet-version-1", lambda: _written(_TABLE, version="1.0", data_page_version="1.0"), _THREE),
    _case("parquet-data-pages-version-2", lambda: _written(_TABLE, data_page_version="2.0"), _THREE),
    _case("parquet-without-statistics", lambda: _written(_TABLE, write_statistics=False), _THREE),
    _case("parquet-zero-bytes", lambda: b"", _DAMAGED),
    _case("parquet-cut-in-half", lambda: (whole := _many_rows())[: len(whole) // 2], _DAMAGED),
    _case("parquet-without-its-last-byte", lambda: _written(_TABLE)[:-1], _DAMAGED),
    _case("parquet-without-its-beginning", lambda: _written(_TABLE)[10:], _DAMAGED_INSIDE),
    _case("parquet-footer-of-4-GB", lambda: _footer_of(2**32 - 1), _DAMAGED),
    _case("parquet-footer-of-no-bytes", lambda: _footer_of(0), _DAMAGED),
    _case("parquet-footer-of-one-byte", lambda: _footer_of(1), _DAMAGED),
    _case(
        "parquet-footer-of-rubbish",
        lambda: b"PAR1" + b"\xff" * 1_000 + (1_000).to_bytes(4, "little") + b"PAR1",
        _DAMAGED,
    ),
    _case("parquet-page-header-of-rubbish", lambda: _overwritten(4, 24), _DAMAGED_INSIDE),
    _case("parquet-page-of-rubbish", lambda: _overwritten(60, 400), _DAMAGED_INSIDE),
    _case("parquet-that-is-csv", lambda: b"a,b\n1,2\n", _DAMAGED),
    _case("parquet-that-is-html", lambda: b"<html>404</html>", _DAMAGED),
    _case(
        "parquet-that-is-a-git-lfs-pointer",
        lambda: b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n",
        Failure("CorruptDataError", "data.parquet", "Git LFS pointer", "upload that"),
    ),
    _case(
        "parquet-encrypted-footer",
        lambda: b"PARE" + b"\x00" * 100 + (90).to_bytes(4, "little") + b"PARE",
        Failure("CorruptDataError", "data.parquet", "encrypt"),
    ),
    _case("parquet-duplicate-columns", _twice_the_same_name, Failure("FeaturesError", "data.parquet", "'a'", "twice")),
    _case(
        "parquet-odd-column-names",
        lambda: _written(pa.table({name: [1] for name in ["", "a.b", "a/b", "😀", 'say "x"', "a\nb", "__proto__"]})),
        Page(
            dict.fromkeys(["", "a.b", "a/b", "😀", 'say "x"', "a\nb", "__proto__"], "int64"),
            [dict.fromkeys(["", "a.b", "a/b", "😀", 'say "x"', "a\nb", "__proto__"], 1)],
        ),
    ),
    _case(
        "parquet-five-thousand-columns",
        lambda: _written(pa.table({f"c{number}": [number] for number in range(5_000)})),
        Page(
            {f"c{number}": "int64" for number in range(1_000)},
            [{f"c{number}": number for number in range(1_000)}],
            columns_truncated=True,
        ),
    ),
    _case(
        "parquet-column-name-of-a-megabyte",
        lambda: _written(pa.table({"n" * 1_100_000: [1]})),
        Failure("TooLongColumnNameError", "name of the first column"),
    ),
    _case(
        "parquet-cell-of-three-megabytes",
        lambda: _written(pa.table({"text": ["é\n" * 1_500_000], "n": [1]})),
        Page({"text": "string", "n": "int64"}, [], number=1, cut={0: ["text"]}),
    ),
    _case(
        "parquet-rows-of-200-kB",
        lambda: _written(pa.table({"text": ["x" * 200_000] * 40, "n": range(40)})),
        Page({"text": "string", "n": "int64"}, [], number=10, ends="bytes", cut={row: ["text"] for row in range(10)}),
    ),
    _case(
        "parquet-index-of-pandas",
        lambda: _written(pa.Table.from_pandas(_TABLE.to_pandas().set_index(pd.Index([7, 9, 8], name="id")))),
        Page({"a": "int64", "id": "int64"}, [{"a": 1, "id": 7}, {"a": 2, "id": 9}, {"a": 3, "id": 8}]),
    ),
    _case(
        "parquet-not-utf-8",
        lambda: _written(pa.table({"text": pa.array([b"good", b"\xff\xfe", b"fine"]).view(pa.string())})),
        Page(
            {"text": "string"},
            [{"text": "good"}, {"text": None}, {"text": "fine"}],
            errors={1: {"text": "not UTF-8"}},
        ),
    ),
    _case(
        "parquet-metadata-of-another-table",
        lambda: parquet(_TABLE, {"b": {"_type": "Image"}}),
        _THREE,
    ),
    Case("arrow-stream", lambda: {"data.arrow": _arrow(True)}, only(_THREE)),
    Case("arrow-file", lambda: {"data.arrow": _arrow(False)}, only(_THREE)),
    Case(
        "arrow-cut-in-half",
        lambda: {"data.arrow": _arrow(True)[:100]},
        only(Failure("CorruptDataError", "data.arrow")),
    ),
    _case(
        "parquet-row-group-of-300-MB",
        lambda: _written(
            pa.table({"a": range(300_000), "text": [f"{n:06}" + "word " * 200 for n in range(300_000)]}),
            row_group_size=300_000,
            compression="none",
            use_dictionary=False,
        ),
        Page({"a": "int64", "text": "string"}, [], number=100, ends="first 100 rows"),
        long=True,
    ),
    Case(
        "parquet-zero-rows",
        lambda: {"data.parquet": parquet(_TABLE.slice(0, 0))},
        only(Page({"a": "int64"}, [])),
    ),
    Case("parquet-zero-columns", lambda: {"data.parquet": parquet(pa.table({}))}, only(Page({}, []))),
    Case(
        "parquet-metadata-that-is-not-json",
        lambda: {"data.parquet": parquet(_TABLE.replace_schema_metadata({"huggingface": "{not json"}))},
        only(Page({"a": "int64"}, [{"a": 1}, {"a": 2}, {"a": 3}])),
    ),
    Case(
        "parquet-first-split-broken",
        lambda: {
            "train.parquet": b"PAR1 nothing PAR1",
            "test.parquet": parquet(pa.table({"a": [1]})),
        },
        {"default": {"train": Failure("CorruptDataError", "train.parquet"), "test": Page({"a": "int64"}, [{"a": 1}])}},
    ),
]
