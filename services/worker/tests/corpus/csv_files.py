"""CSV: encodings, line ends, quotes, columns that are odd or too many, types that change on the way."""

from collections.abc import Sequence
from typing import Any

from services.worker.tests.corpus.case import Case, Failure, Page, only
from services.worker.tests.reader.edge_cases import README, card

_CAFE = Page({"a": "string", "b": "int64"}, [{"a": "café", "b": 1}])
_CAFE_TEXT = "a,b\ncafé,1\n"


def _case(name: str, content: bytes, expected: Page | Failure, config: str = "", *, long: bool = False) -> Case:
    readme = {README: card(f"configs:\n- config_name: default\n  data_files: data.csv\n  {config}")} if config else {}
    return Case(name, lambda: {**readme, "data.csv": content}, only(expected), long=long)


def _rows(types: dict[str, object], *rows: Sequence[Any], **more: Any) -> Page:
    return Page(types, [dict(zip(types, row, strict=True)) for row in rows], **more)


CASES = [
    _case("csv-bom", b"\xef\xbb\xbf" + _CAFE_TEXT.encode(), _CAFE),
    _case("csv-latin-1", _CAFE_TEXT.encode("latin-1"), Failure("CorruptDataError", "data.csv", "UTF-8", "encoding")),
    _case("csv-latin-1-declared", _CAFE_TEXT.encode("latin-1"), _CAFE, "encoding: latin-1"),
    _case("csv-utf-16", _CAFE_TEXT.encode("utf-16"), Failure("CorruptDataError", "data.csv", "UTF-8", "encoding")),
    _case("csv-utf-16-declared", _CAFE_TEXT.encode("utf-16"), _CAFE, "encoding: utf-16"),
    _case("csv-unknown-encoding", b"a\n1\n", Failure("InvalidDatasetCardError", "klingon"), "encoding: klingon"),
    _case("csv-crlf", _CAFE_TEXT.replace("\n", "\r\n").encode(), _CAFE),
    _case("csv-cr", _CAFE_TEXT.replace("\n", "\r").encode(), _CAFE),
    _case("csv-without-newline-at-the-end", _CAFE_TEXT.strip().encode(), _CAFE),
    _case("csv-blank-lines", b"a,b\n\n1,2\n\n\n3,4\n\n", _rows({"a": "int64", "b": "int64"}, [1, 2], [3, 4])),
    _case("csv-zero-bytes", b"", Failure("CorruptDataError", "data.csv", "empty")),
    _case("csv-only-newlines", b"\n\n\n", Failure("CorruptDataError", "data.csv", "empty")),
    _case(
        "csv-too-many-fields",
        b"a,b\n1,2\n1,2,3,4\n",
        _rows({"a": "int64", "b": "int64"}, [1, 2], ends="data.csv has 4 fields in line 3"),
    ),
    _case(
        "csv-too-few-fields",
        b"a,b,c\n1,2,3\n4\n",
        _rows({"a": "int64", "b": "float64", "c": "float64"}, [1, 2.0, 3.0], [4, None, None]),
    ),
    _case(
        "csv-quoted-newlines",
        b'a,b\n"one\ntwo\r\nthree",1\n"",2\n',
        _rows({"a": "string", "b": "int64"}, ["one\ntwo\r\nthree", 1], [None, 2]),
    ),
    _case("csv-doubled-quotes", b'a\n"say ""hi"", she said"\n', _rows({"a": "string"}, ['say "hi", she said'])),
    _case("csv-quote-never-closed", b'a,b\n1,"two\n3,4\n', Failure("CorruptDataError", "data.csv", "quote", "row 1")),
    _case("csv-semicolons", b"a;b\n1;2\n", _rows({"a;b": "string"}, ["1;2"])),
    _case("csv-semicolons-declared", b"a;b\n1;2\n", _rows({"a": "int64", "b": "int64"}, [1, 2]), 'sep: ";"'),
    _case("csv-decimal-commas", b'a\n"1,5"\n"2,5"\n', _rows({"a": "string"}, ["1,5"], ["2,5"])),
    Case(
        "tsv",
        lambda: {"data.tsv": b"a\tb\nx y\t2\n"},
        only(_rows({"a": "string", "b": "int64"}, ["x y", 2])),
    ),
    _case(
        "csv-without-header",
        b"1,2\n3,4\n",
        _rows({"x": "int64", "y": "int64"}, [1, 2], [3, 4]),
        "header: null\n  names: [x, y]",
    ),
    _case("csv-comment-lines-skipped", b"made by hand\na\n1\n", _rows({"a": "int64"}, [1]), "skiprows: 1"),
    _case(
        "csv-duplicate-columns",
        b"a,a,b,a\n1,2,3,4\n",
        _rows({"a": "int64", "a.1": "int64", "b": "int64", "a.2": "int64"}, [1, 2, 3, 4]),
    ),
    _case(
        "csv-empty-column-names",
        b",a,\n1,2,3\n",
        _rows({"Unnamed: 0": "int64", "a": "int64", "Unnamed: 2": "int64"}, [1, 2, 3]),
    ),
    _case(
        "csv-odd-column-names",
        'a.b,a/b,😀,"say ""x""",<script>,__proto__,\' ,$x\n1,2,3,4,5,6,7,8\n'.encode(),
        _rows(
            dict.fromkeys(["a.b", "a/b", "😀", 'say "x"', "<script>", "__proto__", "' ", "$x"], "int64"),
            [1, 2, 3, 4, 5, 6, 7, 8],
        ),
    ),
    _case(
        "csv-five-thousand-columns",
        (",".join(f"c{number}" for number in range(5_000)) + "\n" + ",".join(map(str, range(5_000))) + "\n").encode(),
        _rows({f"c{number}": "int64" for number in range(1_000)}, list(range(1_000)), columns_truncated=True),
        long=True,
    ),
    _case(
        "csv-cell-of-three-megabytes",
        b"a,b\n" + b"x" * 3_000_000 + b",1\n",
        Page({"a": "string", "b": "int64"}, [], number=1, cut={0: ["a"]}),
    ),
    _case("csv-mixed-types", b"a\n1\nx\n2.5\n", _rows({"a": "string"}, ["1"], ["x"], ["2.5"])),
    _case(
        "csv-whole-numbers-with-a-gap",
        b"a,b\n1,1\n,2\n3,3\n",
        _rows({"a": "float64", "b": "int64"}, [1.0, 1], [None, 2], [3.0, 3]),
    ),
    _case(
        "csv-64-bit-extremes",
        b"a,b,c\n9223372036854775807,18446744073709551615,9007199254740993\n-9223372036854775808,0,1\n",
        _rows(
            {"a": "int64", "b": "uint64", "c": "int64"},
            [2**63 - 1, 2**64 - 1, 2**53 + 1],
            [-(2**63), 0, 1],
        ),
    ),
    _case(
        "csv-beyond-64-bits",
        b"a\n18446744073709551616\n1\n",
        Failure("CorruptDataError", "data.csv", "more than 64 bits"),
    ),
    _case(
        "csv-not-a-number",
        b"a\n1.5\nNaN\ninf\n-inf\n1e400\n",
        _rows({"a": "float64"}, [1.5], [None], [None], [None], [None]),
    ),
    _case("csv-booleans", b"a\nTrue\nFalse\n", _rows({"a": "bool"}, [True], [False])),
    _case("csv-leading-zeros", b"a,b\n007,2024-01-31\n", _rows({"a": "int64", "b": "string"}, [7, "2024-01-31"])),
    _case("csv-words-for-nothing", b"a\nNA\nnull\nN/A\nx\n", _rows({"a": "string"}, [None], [None], [None], ["x"])),
    _case("csv-nul-characters", b"a,b\nx\x00y,1\n", _rows({"a": "string", "b": "int64"}, ["x\x00y", 1])),
    _case("csv-markup", b"a\n<img src=x onerror=alert(1)>\n", _rows({"a": "string"}, ["<img src=x onerror=alert(1)>"])),
    _case("csv-spreadsheet-formulas", b"a\n=1+1\n@SUM(A1)\n", _rows({"a": "string"}, ["=1+1"], ["@SUM(A1)"])),
    _case(
        "csv-thousand-rows",
        b"a\n" + b"".join(b"%d\n" % number for number in range(1_000)),
        Page({"a": "int64"}, [{"a": number} for number in range(100)], number=100, ends="first 100 rows"),
    ),
    _case(
        "csv-hundred-rows",
        b"a\n" + b"".join(b"%d\n" % number for number in range(100)),
        Page({"a": "int64"}, [{"a": number} for number in range(100)]),
    ),
    _case(
        "csv-broken-after-good-rows",
        b"a,b\n" + b"1,2\n" * 30_000 + b"1,2,3\n",
        Page({"a": "int64", "b": "int64"}, [{"a": 1, "b": 2}] * 100, number=100, ends="first 100 rows"),
    ),
    _case(
        "csv-type-that-changes-late",
        b"a\n" + b"1\n" * 50 + b"x\n",
        Page({"a": "string"}, [{"a": "1"}] * 50 + [{"a": "x"}]),
    ),
    _case(
        "csv-that-is-png", b"\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR\xff\xfe\x00", Failure("CorruptDataError", "data.csv")
    ),
    Case(
        "text-lines",
        lambda: {"data.txt": "one\n\ntwo 😀\r\nthree".encode()},
        only(_rows({"text": "string"}, ["one"], [""], ["two 😀"], ["three"])),
    ),
    Case(
        "text-latin-1",
        lambda: {"data.txt": "one\ncafé\n".encode("latin-1")},
        only(Failure("CorruptDataError", "data.txt", "UTF-8")),
    ),
    Case(
        "csv-with-one-more-field-than-the-header",
        lambda: {"data.csv": b"a,b\n1,2,3\n4,5,6\n"},
        only(_rows({"a": "int64", "b": "int64"}, [2, 3], [5, 6])),
    ),
    Case(
        "csv-one-empty-file-among-good-ones",
        lambda: {"data/a.csv": b"a\n1\n", "data/b.csv": b"", "data/c.csv": b"a\n2\n"},
        only(_rows({"a": "int64"}, [1], ends="data/b.csv is empty")),
    ),
    Case(
        "csv-nulls-everywhere",
        lambda: {"data.csv": b"a,b\n,\n,\n"},
        only(Page({"a": "null", "b": "null"}, [{"a": None, "b": None}, {"a": None, "b": None}])),
    ),
    Case("csv-header-only", lambda: {"data.csv": b"a,b\n"}, only(Page({"a": "null", "b": "null"}, []))),
    Case("text-empty", lambda: {"data.txt": b""}, only(Page({"text": "string"}, []))),
    Case(
        "text-empty-before-a-good-one",
        lambda: {"data/1.txt": b"", "data/2.txt": b"x\n"},
        only(Page({"text": "string"}, [{"text": "x"}])),
    ),
]
