"""JSON: lines, arrays and whole objects, nested deep, of mixed types, cut off."""

import json
from typing import Any

from services.worker.tests.corpus.case import Case, Failure, Page, only
from services.worker.tests.reader.edge_cases import README, card, lines

_JSON = {"_type": "Json"}
_TWO = Page({"a": "int64"}, [{"a": 1}, {"a": 2}])


def _case(name: str, content: bytes, expected: Page | Failure, file: str = "data.jsonl") -> Case:
    return Case(name, lambda: {file: content}, only(expected))


def _list(feature: object) -> dict[str, object]:
    return {"feature": feature, "_type": "List"}


def _value(dtype: str) -> dict[str, object]:
    return {"dtype": dtype, "_type": "Value"}


def _nested(depth: int) -> dict[str, Any]:
    row: dict[str, Any] = {"a": 1}
    for _ in range(depth - 1):
        row = {"a": row}
    return row


CASES = [
    _case("json-lines", lines({"a": 1}, {"a": 2}), _TWO),
    _case("json-lines-named-json", lines({"a": 1}, {"a": 2}), _TWO, "data.json"),
    _case("json-lines-named-ndjson", lines({"a": 1}, {"a": 2}), _TWO, "data.ndjson"),
    _case("json-object-over-two-lines", b'{"a": 1}\n{"a"\n: 2}', _TWO),
    _case("json-array", b'[{"a": 1}, {"a": 2}]', _TWO, "data.json"),
    _case("json-array-pretty", json.dumps([{"a": 1}, {"a": 2}], indent=4).encode(), _TWO, "data.json"),
    _case("json-array-of-texts", b'["x", "y"]', Page({"text": "string"}, [{"text": "x"}, {"text": "y"}]), "data.json"),
    _case(
        "json-object-of-columns", b'{"a": [1, 2]}', Page({"a": _list(_value("int64"))}, [{"a": [1, 2]}]), "data.json"
    ),
    _case("json-object-pretty", b'{\n  "a": 1\n}\n', Page({"a": "int64"}, [{"a": 1}]), "data.json"),
    Case(
        "json-field",
        lambda: {
            README: card("configs:\n- config_name: default\n  data_files: data.json\n  field: rows"),
            "data.json": b'{"version": 1, "rows": [{"a": 1}, {"a": 2}]}',
        },
        only(_TWO),
    ),
    _case("json-concatenated", b'{"a": 1}{"a": 2}', _TWO),
    _case("json-concatenated-pretty", b'{\n "a": 1\n}\n{\n "a": 2\n}\n', _TWO, "data.json"),
    _case("json-blank-lines", b'{"a": 1}\n\n\n{"a": 2}\n\n', _TWO),
    _case("json-crlf", b'{"a": 1}\r\n{"a": 2}\r\n', _TWO),
    _case("json-bom", b"\xef\xbb\xbf" + lines({"a": 1}, {"a": 2}), _TWO),
    _case("json-utf-16", lines({"a": 1}).decode().encode("utf-16"), Failure("CorruptDataError", "data.jsonl")),
    _case(
        "json-latin-1",
        '{"a": "café"}\n'.encode("latin-1"),
        Page({"a": "string"}, [{"a": None}], errors={0: {"a": "not UTF-8"}}),
    ),
    _case(
        "json-latin-1-in-the-middle",
        '{"a": "b"}\n{"a": "café"}\n{"a": "c"}\n'.encode("latin-1"),
        Page({"a": "string"}, [{"a": "b"}, {"a": None}, {"a": "c"}], errors={1: {"a": "not UTF-8"}}),
    ),
    _case("json-empty-file", b"", Failure("EmptyDatasetError", "empty")),
    Case(
        "json-empty-file-before-a-good-one",
        lambda: {"data/1.jsonl": b"", "data/2.jsonl": lines({"a": 1}, {"a": 2})},
        only(_TWO),
    ),
    _case("json-empty-array", b"[]", Page({}, []), "data.json"),
    _case("json-numbers", b"1\n2\n", Failure("CorruptDataError", "data.jsonl", "object")),
    _case("json-words", b"hello world\n", Failure("CorruptDataError", "data.jsonl", "JSON")),
    _case("json-trailing-comma", b'{"a": 1,}\n', Failure("CorruptDataError", "data.jsonl", "JSON")),
    _case("json-single-quotes", b"{'a': 1}\n", Failure("CorruptDataError", "data.jsonl", "JSON")),
    _case("json-html", b"<html><body>404</body></html>", Failure("CorruptDataError", "data.json"), "data.json"),
    _case("json-nested-to-depth-100", lines(_nested(100)), Failure("CorruptDataError", "nested too deeply")),
    _case("json-numbers-then-texts", lines({"a": 1}, {"a": "x"}), Page({"a": _JSON}, [{"a": 1}, {"a": "x"}])),
    _case("json-numbers-whole-then-not", lines({"a": 1}, {"a": 1.5}), Page({"a": "float64"}, [{"a": 1.0}, {"a": 1.5}])),
    _case(
        "json-objects-then-lists",
        lines({"a": {"b": 1}}, {"a": [1]}),
        Page({"a": _JSON}, [{"a": {"b": 1}}, {"a": [1]}]),
    ),
    _case(
        "json-mixed-list",
        lines({"a": [1, "x", None, {"b": 2}]}),
        Page({"a": _list(_JSON)}, [{"a": [1, "x", None, {"b": 2}]}]),
    ),
    _case(
        "json-other-keys-in-each-row",
        lines({"a": 1}, {"b": "x"}, {"a": 2, "c": True}),
        Page(
            {"a": "int64", "b": "string", "c": "bool"},
            [{"a": 1, "b": None, "c": None}, {"a": None, "b": "x", "c": None}, {"a": 2, "b": None, "c": True}],
        ),
    ),
    _case("json-nulls-everywhere", lines({"a": None}, {"a": None}), Page({"a": "null"}, [{"a": None}, {"a": None}])),
    _case("json-empty-lists", lines({"a": []}, {"a": []}), Page({"a": _list(_value("null"))}, [{"a": []}, {"a": []}])),
    _case("json-null-then-value", lines({"a": None}, {"a": 1}), Page({"a": "int64"}, [{"a": None}, {"a": 1}])),
    _case(
        "json-64-bit-extremes",
        lines({"a": 2**63 - 1}, {"a": -(2**63)}),
        Page({"a": "int64"}, [{"a": 2**63 - 1}, {"a": -(2**63)}]),
    ),
    _case("json-huge-floats", b'{"a": 1e400}\n', Failure("CorruptDataError", "data.jsonl", "too big")),
    _case(
        "json-not-a-number",
        b'{"a": 1.5}\n{"a": NaN}\n{"a": Infinity}\n{"a": -Infinity}\n',
        Page({"a": "float64"}, [{"a": 1.5}, {"a": None}, {"a": None}, {"a": None}]),
    ),
    _case(
        "json-huge-float-after-good-rows",
        b'{"a": 1.5}\n\n{"a": 1e400}\n',
        Page({"a": "float64"}, [{"a": 1.5}], ends="data.jsonl"),
    ),
    _case(
        "json-huge-float-after-a-page",
        b'{"a": 1.5}\n' * 40_000 + b'{"a": 1e400}\n',
        Page({"a": "float64"}, [{"a": 1.5}], number=100, ends="100 rows"),
    ),
    _case(
        "json-same-key-twice-after-good-rows",
        b'{"a": 1}\n{"a": 2}\n{"a": 1, "a": 2}\n',
        Page({"a": "int64"}, [{"a": 1}, {"a": 2}], ends="twice"),
    ),
    _case("json-same-key-twice", b'{"a": 1, "a": 2}\n', Failure("CorruptDataError", "data.jsonl", "twice")),
    _case(
        "json-odd-keys",
        lines({"": 1, "a.b": 2, "a/b": 3, "😀": 4, 'say "x"': 5, "__proto__": 6, "a\nb": 7, " a ": 8}),
        Page(
            dict.fromkeys(["", "a.b", "a/b", "😀", 'say "x"', "__proto__", "a\nb", " a "], "int64"),
            [{"": 1, "a.b": 2, "a/b": 3, "😀": 4, 'say "x"': 5, "__proto__": 6, "a\nb": 7, " a ": 8}],
        ),
    ),
    _case("json-half-an-emoji", b'{"a": "x\\ud83d"}\n{"a": "y"}\n', Failure("CorruptDataError", "data.jsonl")),
    _case("json-nul-character", b'{"a": "x\\u0000y"}\n', Page({"a": "string"}, [{"a": "x\x00y"}])),
    _case(
        "json-dates",
        lines({"a": "2024-02-29T12:00:00"}, {"a": "2024-03-01T12:00:00"}),
        Page({"a": "timestamp[s]"}, [{"a": "2024-02-29T12:00:00+00:00"}, {"a": "2024-03-01T12:00:00+00:00"}]),
    ),
    _case(
        "json-cell-of-three-megabytes",
        lines({"a": "x" * 3_000_000, "b": 1}),
        Page({"a": "string", "b": "int64"}, [], number=1, cut={0: ["a"]}),
    ),
    _case(
        "json-five-thousand-keys",
        lines({f"c{number}": number for number in range(5_000)}),
        Page(
            {f"c{number}": "int64" for number in range(1_000)},
            [{f"c{number}": number for number in range(1_000)}],
            columns_truncated=True,
        ),
    ),
    _case(
        "json-conversations",
        lines({"messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": None}]}),
        Page(
            {"messages": _list({"role": _value("string"), "content": _value("string")})},
            [{"messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": None}]}],
        ),
    ),
    Case("json-null", lambda: {"data.jsonl": b"null\n"}, only(Failure("CorruptDataError", "data.jsonl", "line 1"))),
    Case(
        "json-null-byte-after-null",
        lambda: {"data.jsonl": b"\nnull\x00"},
        only(Failure("CorruptDataError", "data.jsonl", "line 2")),
    ),
    Case(
        "json-nested-to-depth-ten-thousand",
        lambda: {"data.jsonl": b'{"a": ' * 10_000 + b"1" + b"}" * 10_000 + b"\n"},
        only(Failure("CorruptDataError", "data.jsonl", "nested too deeply")),
    ),
    Case(
        "json-arrays-to-depth-ten-thousand",
        lambda: {"data.jsonl": b'{"a": ' + b"[" * 10_000 + b"]" * 10_000 + b"}\n"},
        only(Failure("CorruptDataError", "data.jsonl", "nested too deeply")),
    ),
    Case(
        "json-broken-after-good-rows",
        lambda: {"data.jsonl": lines({"a": 1}, {"a": 2}) + b'{"a": 3'},
        only(Page({"a": "int64"}, [{"a": 1}, {"a": 2}], ends="data.jsonl")),
    ),
    Case(
        "json-git-merge",
        lambda: {"data.jsonl": lines({"a": 1}) + b"<<<<<<< HEAD\n" + lines({"a": 2}) + b"=======\n"},
        only(Page({"a": "int64"}, [{"a": 1}], ends="line 2")),
    ),
    Case("json-empty-objects", lambda: {"data.jsonl": b"{}\n{}\n"}, only(Page({}, []))),
]
