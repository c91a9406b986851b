"""Pages of splits with one peculiarity each."""

from typing import Any

import pytest


@pytest.mark.parametrize(
    ("dataset", "code", "says"),
    [
        ("csv-empty", "CorruptDataError", "is empty"),
        ("csv-latin", "CorruptDataError", "UTF-8"),
        ("parquet-broken", "CorruptDataError", "Parquet"),
        ("map", "FeaturesError", "list of structs"),
        ("long-name", "TooLongColumnNameError", "shorten"),
    ],
)
def test_a_split_without_a_readable_row_gets_its_code_and_an_advice(
    dataset: str, code: str, says: str, reader: Any
) -> None:
    answer = reader.try_to_read(f"edge/{dataset}")
    assert answer["error"] == code
    assert says in answer["body"]["error"]


def test_a_split_of_no_rows_is_a_page_of_no_rows(reader: Any) -> None:
    page = reader.read("edge/csv-header-only")
    assert page.json["rows"] == []
    assert page.row_offsets == [page.body.index(b'"rows":[') + len('"rows":[')]
    assert (page.num_rows_total, page.partial) == (0, False)


def test_a_row_that_cannot_be_read_ends_the_page_and_says_why(reader: Any) -> None:
    page = reader.read("edge/json-shards-unlike")
    assert page.column("a") == [1, 2]
    assert page.json["truncated"] is True
    assert "Row 2 could not be read" in page.json["truncated_reason"]
    assert (page.num_rows_total, page.partial) == (None, True)


@pytest.mark.parametrize(
    ("dataset", "rows", "says"),
    [
        ("csv-broken", [{"a": 1, "b": 2}], "columns of the header"),
        ("json-broken", [{"a": 1}], "data.jsonl, line 2"),
    ],
)
def test_a_broken_line_after_good_ones_ends_the_page_there(
    dataset: str, rows: list[Any], says: str, reader: Any
) -> None:
    page = reader.read(f"edge/{dataset}")
    assert [row["row"] for row in page.json["rows"]] == rows
    assert says in page.json["truncated_reason"]
    assert page.partial


def test_csv_files_with_other_columns_or_empty_ones_make_one_table(reader: Any) -> None:
    page = reader.read("edge/csv-shards")
    assert [row["row"] for row in page.json["rows"]] == [
        {"a": 1.0, "b": None, "c": None},
        {"a": 2.5, "b": "x", "c": "y"},
    ]
    types = {feature["name"]: feature["type"]["dtype"] for feature in page.json["features"]}
    assert types == {"a": "float64", "b": "string", "c": "string"}


def test_csv_files_with_other_types_end_the_page_at_the_first_odd_row(reader: Any) -> None:
    page = reader.read("edge/csv-shards-unlike")
    assert page.column("a") == [1]
    assert "does not have the type of the other data files" in page.json["truncated_reason"]


def test_a_column_whose_first_values_are_missing_gets_the_type_of_the_later_ones(reader: Any) -> None:
    page = reader.read("edge/csv-late-types")
    assert page.column("b")[-1] == "text"
    assert page.json["features"][1]["type"] == {"dtype": "string", "_type": "Value"}


def test_json_lines_of_changing_shape_stay_json(reader: Any) -> None:
    page = reader.read("edge/json-mixed")
    assert page.column("a") == [[{"x": 1}], [{"y": "z"}], [{"y": 2}]]


def test_values_that_json_has_no_form_for(reader: Any) -> None:
    row = reader.read("edge/odd-values").json["rows"][0]["row"]
    assert row == {
        "nanoseconds": "2023-11-14T22:13:20.123456789+00:00",
        "day": "2024-02-29",
        "short": "-PT1.5S",
        "long": "P2DT3600S",
        "not_a_number": None,
        "infinity": None,
        "big": 18446744073709551615,
        "binary": "AP8=",
        "half": 0.5,
    }


def test_a_value_that_cannot_be_shown_is_null_with_an_error_and_its_row_stays(reader: Any) -> None:
    page = reader.read("edge/far-future")
    assert page.column("t") == ["1970-01-01T00:00:00+00:00", None]
    assert page.errors("t") == [None, "a value out of the range that can be shown"]


def test_a_text_that_is_not_utf_8_is_null_with_an_error(reader: Any) -> None:
    page = reader.read("edge/not-utf-8")
    assert page.column("text") == ["good", None]
    assert page.errors("text")[1] == "a text that is not UTF-8"


def test_a_type_without_a_decoder_is_null_with_an_error(reader: Any) -> None:
    page = reader.read("edge/meshes")
    assert page.column("n") == [1]
    assert page.column("mesh") == [None]
    assert "trimesh" in str(page.errors("mesh")[0])
    assert page.json["features"][0]["type"]["_type"] == "Mesh"


def test_more_than_a_thousand_columns_are_cut_from_the_right(reader: Any) -> None:
    page = reader.read("edge/wide")
    assert page.json["columns_truncated"] is True
    assert len(page.json["features"]) == len(page.json["rows"][0]["row"]) == 1_000
    assert page.json["truncated"] is False


def test_a_cell_larger_than_a_page_is_cut_to_fit(reader: Any) -> None:
    page = reader.read("edge/huge-cell")
    assert 990_000 < len(page.body) <= 1_000_000
    (row,) = page.json["rows"]
    assert row["truncated_cells"] == ["text"]
    assert ("é\n" * 1_500_000).startswith(row["row"]["text"])
    assert (page.num_rows_total, page.partial) == (1, False)


def test_ten_large_rows_are_kept_by_cutting_their_cells(reader: Any) -> None:
    page = reader.read("edge/huge-rows")
    assert page.column("n") == list(range(10))
    assert {tuple(row["truncated_cells"]) for row in page.json["rows"]} == {("text",)}
    assert page.partial
    assert "bytes" in page.json["truncated_reason"]


def test_what_cannot_be_streamed_is_downloaded_when_it_is_small(reader: Any) -> None:
    page = reader.read("edge/csv-tarred")
    assert page.column("a") == [1, 3]
    assert page.num_rows_total == 2


def test_what_cannot_be_streamed_and_is_large_is_an_error(reader: Any) -> None:
    answer = reader.try_to_read("edge/csv-tarred", max_size_fallback=10)
    assert answer["error"] == "StreamingRowsError"
    assert "at most 10" in answer["body"]["error"]


def test_compressed_files_are_read(reader: Any) -> None:
    assert reader.read("edge/csv-gzipped").column("b") == [2]


@pytest.mark.parametrize("count", [3, 100])
def test_no_more_than_the_maximum_of_rows_are_read(count: int, reader: Any) -> None:
    page = reader.read("samples/weather-stations", limits={"rows_max_number": count})
    assert len(page.json["rows"]) == count
    assert page.json["truncated_reason"] == f"Only the first {count} rows are returned."
