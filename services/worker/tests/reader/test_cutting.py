"""A file of records that is cut somewhere loses its last records, and nothing else."""

import csv
import io
import json
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reader.direct.cutting import Cut, cut_json, cut_lines, cut_paragraphs, cut_quoted_lines

TEXTS = st.text(st.sampled_from('ab,"\n\r\\[]{}:é '), max_size=12)
VALUES = st.recursive(TEXTS | st.integers(), lambda values: st.lists(values) | st.dictionaries(TEXTS, values))


def rows_of_csv(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode(), newline="")))


@settings(deadline=None)
@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=12), st.data())
def test_a_csv_file_is_cut_after_a_whole_row(rows: list[tuple[str, str]], data: st.DataObject) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(rows)
    whole = text.getvalue().encode()
    cut = cut_quoted_lines(whole[: data.draw(st.integers(0, len(whole)))], quote=b'"')
    if cut is not None:
        kept = rows_of_csv(cut.content)
        assert kept == rows_of_csv(whole)[: len(kept)]
        assert whole.startswith(cut.content)


@settings(deadline=None)
@given(
    st.lists(st.recursive(TEXTS | st.integers(), lambda items: st.lists(items) | st.dictionaries(TEXTS, items))),
    st.data(),
)
def test_a_json_array_is_cut_after_a_whole_item(items: list[object], data: st.DataObject) -> None:
    whole = json.dumps(items).encode()
    cut = cut_json(whole[: data.draw(st.integers(0, len(whole) - 1))])
    if cut is not None:
        kept = json.loads(cut.content)
        assert kept == items[: len(kept)]
        assert cut.records == len(kept)


@settings(deadline=None)
@given(st.lists(TEXTS, min_size=1), st.data())
def test_json_lines_are_cut_after_a_whole_line(texts: list[str], data: st.DataObject) -> None:
    whole = b"".join(json.dumps({"text": text}).encode() + b"\n" for text in texts)
    cut = cut_json(whole[: data.draw(st.integers(0, len(whole)))])
    if cut is not None:
        kept = [json.loads(line)["text"] for line in cut.content.splitlines()]
        assert kept == texts[: len(kept)]


@pytest.mark.parametrize(
    ("cut", "data", "content", "records"),
    [
        (cut_lines, b"a\nb\nc", b"a\nb\n", 2),
        (cut_paragraphs, b"a\nb\n\nc\r\n\r\nd", b"a\nb\n\nc\r\n\r\n", 2),
        (partial(cut_quoted_lines, quote=b'"'), b'a\n"b\nc', b"a\n", 1),
        (cut_json, b'\xef\xbb\xbf{"a": 1}\n{"a', b'\xef\xbb\xbf{"a": 1}\n', 1),
        (cut_json, b'[{"a": "]"}, {"a"', b'[{"a": "]"}]', 1),
        (cut_json, b'[\n  "a, b",\n  "c, d', b'[\n  "a, b"]', 1),
    ],
)
def test_what_is_left(cut: Cut, data: bytes, content: bytes, records: int) -> None:
    assert cut(data) == (content, records)


@pytest.mark.parametrize(
    ("cut", "data"),
    [
        (cut_lines, b"abc"),
        (cut_paragraphs, b"a\nb\n"),
        (partial(cut_quoted_lines, quote=b'"'), b'"a\nb'),
        (cut_json, b'{\n"data": [1,\n2,'),
        (cut_json, b'[{"a": 1'),
        (cut_json, b"\xff\xfe[\x00"),
    ],
)
def test_where_no_record_ends_nothing_can_be_cut(cut: Cut, data: bytes) -> None:
    assert cut(data) is None


@pytest.mark.parametrize(
    ("cut", "data"),
    [
        (cut_json, b'[{"a": [' + b"[]," * 5_000_000),
        (partial(cut_quoted_lines, quote=b'"'), b'a\n"' + b"\n" * 10_000_000),
    ],
)
def test_what_has_no_whole_record_is_given_up_before_all_of_it_is_looked_at(cut: Cut, data: bytes) -> None:
    assert cut(data) is None
