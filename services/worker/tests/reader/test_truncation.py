"""The contract's truncation, as properties of any page."""

import json
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from libcommon.errors import CodedError
from reader.cells import Cell
from reader.limits import Limits
from reader.page import Column, Page, PageWriter
from reader.truncation import cut_json

HEAD = {"dataset": "a/b", "config": "default", "split": "train"}
URL = b"/assets/x/0123456789abcdef.png"
VALUE = {"_type": "Value", "dtype": "string"}


def media_cell(count: int) -> Cell:
    json_bytes, ends = bytearray(b"["), []
    for number in range(count):
        json_bytes += (b"," if number else b"") + b'{"src":"' + URL
        ends.append(len(json_bytes))
        json_bytes += b'"}'
    return Cell(bytes(json_bytes) + b"]", tuple(ends), frozenset({URL.rpartition(b"/")[2].decode()}))


def cell(value: Any, error: str | None = None) -> Cell:
    return Cell(orjson.dumps(value), error=error)


def page_of(
    rows: list[list[Cell]],
    names: list[str],
    limits: Limits,
    *,
    types: list[Any] | None = None,
    reason: str | None = None,
) -> Page:
    columns = [Column(i, name, (types or [VALUE] * len(names))[i]) for i, name in enumerate(names)]
    writer = PageWriter(HEAD, columns, limits, columns_left_out=False)
    for row in rows:
        if writer.full is not None:
            reason = writer.full
            break
        writer.add(row)
    return writer.write(num_rows_total=None, reason=reason)


text = st.text(st.characters(exclude_categories=["Cs"]), max_size=40) | st.sampled_from(
    ["é" * 200, "\\" * 300, '"\n\t' * 90, "🌙" * 150, "\x00\x1f" * 60, "x" * 3_000]
)
value = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**63), 2**64 - 1), st.floats(allow_nan=False, allow_infinity=False), text
)
cells = st.one_of(
    st.builds(cell, value),
    st.builds(cell, st.lists(value, max_size=5) | st.dictionaries(text, value, max_size=3)),
    st.builds(media_cell, st.integers(1, 3)),
    st.builds(cell, st.none(), st.text('abc"é', max_size=50)),
)


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[str], list[list[Cell]]]:
    names = draw(st.lists(text, min_size=1, max_size=6, unique=True))
    rows = draw(st.lists(st.lists(cells, min_size=len(names), max_size=len(names)), max_size=30))
    return names, rows


LIMITS = st.builds(
    Limits,
    rows_max_number=st.just(20),
    rows_max_bytes=st.integers(3_000, 20_000),
    rows_min_number=st.integers(1, 10),
)


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(tables(), LIMITS)
def test_any_table_has_a_page_that_keeps_the_rules(table: tuple[list[str], list[list[Cell]]], limits: Limits) -> None:
    names, rows = table
    try:
        page = page_of(rows, names, limits)
    except CodedError:
        first = sum(len(source.json) for row in rows[:1] for source in row[:1])
        assert 4 * len(orjson.dumps(names[0])) + first + 800 > limits.rows_max_bytes
        return
    body = json.loads(page.body)
    assert len(page.body) <= limits.rows_max_bytes
    assert len(body["rows"]) <= limits.rows_max_number
    assert body["truncated"] == page.partial == (len(body["rows"]) < len(rows))
    assert ("truncated_reason" in body) == body["truncated"]
    assert bool(body["rows"]) == bool(rows)

    shown = [feature["name"] for feature in body["features"]]
    assert shown == names[: len(shown)]
    assert ("columns_truncated" in body) == (len(shown) < len(names))
    if len(shown) < len(names):
        assert len(body["rows"]) <= 1
    ends = []
    for index, (row, original) in enumerate(zip(body["rows"], rows, strict=False)):
        assert row["row_idx"] == index
        assert list(row["row"]) == shown
        for name, source in zip(shown, original, strict=False):
            whole = json.loads(source.json)
            if name in row["truncated_cells"]:
                start = whole if isinstance(whole, str) else source.json.decode()
                assert isinstance(row["row"][name], str)
                assert start.startswith(row["row"][name])
                assert start != row["row"][name]
                assert not source.files
            else:
                assert row["row"][name] == whole
        assert row.get("cell_errors", {}) == {
            n: c.error for n, c in zip(shown, original, strict=False) if c.error is not None
        }
        ends += [None for source in original[: len(shown)] for _ in source.asset_ends]
    assert len(page.asset_ends) == len(ends)
    assert all(page.body[:end].endswith(URL) for end in page.asset_ends)
    assert len(page.row_offsets) == len(body["rows"]) + 1
    for index, row in enumerate(body["rows"]):
        begin, end = page.row_offsets[index : index + 2]
        assert json.loads(page.body[begin : end - 1]) == row
    first, last = page.features_span
    assert json.loads(page.body[first:last]) == body["features"]


@given(st.text(st.characters(exclude_categories=["Cs"])), st.integers(2, 60))
def test_a_cut_string_is_a_prefix_of_at_most_the_level(whole: str, level: int) -> None:
    assume(len(orjson.dumps(whole)) > level)
    piece = cut_json(orjson.dumps(whole), level)
    assert len(piece) <= max(level, 2)
    assert whole.startswith(json.loads(piece))


def test_a_cut_keeps_as_much_as_the_level_allows() -> None:
    assert cut_json(b'"abcdefghijkl"', 10) == b'"abcdefgh"'
    assert cut_json(orjson.dumps("ééééé"), 9) == '"ééé"'.encode()
    assert cut_json(orjson.dumps("a\\\\\\"), 6) == b'"a\\\\"'
    assert cut_json(orjson.dumps("\x00\x01"), 13) == b'"\\u0000"'
    assert cut_json(b'{"a":"long enough"}', 10) == b'"{\\"a\\":"'


def sizes(page: Page) -> list[int]:
    return [len(row["row"]["text"]) for row in json.loads(page.body)["rows"]]


def test_rows_are_dropped_before_any_cell_is_cut() -> None:
    limits = Limits(rows_max_bytes=10_000)
    page = page_of([[cell("x" * 400)] for _ in range(100)], ["text"], limits)
    assert set(sizes(page)) == {400}
    assert 10 < len(sizes(page)) < 25
    assert page.partial


def test_the_longest_cells_are_cut_first_and_no_more_than_needed() -> None:
    limits = Limits(rows_max_bytes=10_000)
    page = page_of([[cell("x" * (100 * (n + 1)))] for n in range(20)], ["text"], limits, reason="more")
    assert len(sizes(page)) == 12, "twelve rows fit as they are"
    page = page_of([[cell("x" * (300 * (n + 1)))] for n in range(10)], ["text"], limits)
    lengths = sizes(page)
    assert lengths[:3] == [300, 600, 900]
    assert len(set(lengths[4:])) == 1
    assert len(page.body) > 9_800
    assert not page.partial


def test_rows_fall_below_the_minimum_only_when_all_cells_are_cut_to_twenty_bytes() -> None:
    limits = Limits(rows_max_bytes=3_000)
    names = [f"c{number}" for number in range(20)]
    body = json.loads(page_of([[cell("x" * 90)] * 20] * 30, names, limits).body)
    assert 1 <= len(body["rows"]) < 10
    assert {len(value) for row in body["rows"] for value in row["row"].values()} == {18}
    assert "columns_truncated" not in body


def test_columns_are_cut_from_the_right_when_one_row_is_too_wide() -> None:
    limits = Limits(rows_max_bytes=20_000)
    names = [f"column {number}" for number in range(1_000)]
    page = page_of([[cell("x" * 50)] * 1_000] * 3, names, limits)
    body = json.loads(page.body)
    assert len(body["rows"]) == 1
    assert body["columns_truncated"] is True
    assert [feature["name"] for feature in body["features"]] == names[: len(body["features"])]
    assert 19_800 < len(page.body) <= 20_000


def test_columns_without_rows_are_cut_from_the_right_too() -> None:
    body = json.loads(page_of([], ["a", "b"], Limits(rows_max_bytes=500), types=[VALUE, ["x" * 600]]).body)
    assert [feature["name"] for feature in body["features"]] == ["a"]
    assert body["columns_truncated"] is True
    assert body["rows"] == []


@pytest.mark.parametrize(
    ("name", "feature", "code"),
    [("n" * 1_000, VALUE, "TooLongColumnNameError"), ("n", ["x" * 1_000], "FeaturesError")],
)
def test_a_first_column_that_cannot_fit_is_an_error_of_the_data(name: str, feature: Any, code: str) -> None:
    with pytest.raises(CodedError) as raised:
        page_of([[cell(1)]], [name], Limits(rows_max_bytes=900), types=[feature])
    assert raised.value.code == code


def test_a_thousand_wide_columns_of_long_cells_make_a_page() -> None:
    names = [f"column {number}" for number in range(1_000)]
    page = page_of([[cell("é" * 500)] * 1_000] * 100, names, Limits())
    body = json.loads(page.body)
    assert len(body["rows"]) == 10
    assert len(body["features"]) == 1_000
    assert 950_000 < len(page.body) <= 1_000_000
