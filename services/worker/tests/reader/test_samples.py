"""Every sample dataset reads as `samples/expected.json` says."""

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

SAMPLES = Path(__file__).parents[4] / "samples"
EXPECTED: dict[str, dict[str, Any]] = json.loads((SAMPLES / "expected.json").read_text("utf-8"))


@pytest.mark.parametrize("dataset", EXPECTED)
def test_a_sample_has_the_expected_visibility_splits_and_errors(dataset: str, reader: Any) -> None:
    expected = EXPECTED[dataset]
    assert reader.observe(dataset)["visibility"] == expected["visibility"]
    listing = reader.list(dataset)
    if "error" in expected:
        assert listing["error"] == expected["error"]["code"]
        return
    assert [split[:2] for split in listing["splits"]] == [[s["config"], s["split"]] for s in expected["splits"]]
    failed = {config: error[0] for config, error in listing["failed"].items()}
    assert failed == {f["config"]: f["error"]["code"] for f in expected.get("failed", [])}


SPLITS = [
    (dataset, split["config"], split["split"], split["num_rows"])
    for dataset, said in EXPECTED.items()
    for split in said.get("splits", [])
]


@pytest.mark.parametrize(("dataset", "config", "split", "num_rows"), SPLITS)
def test_a_page_of_a_sample_is_within_the_limits_and_its_offsets_are_true(
    dataset: str, config: str, split: str, num_rows: int, reader: Any
) -> None:
    page = reader.read(dataset, config, split)
    body = page.json
    assert len(page.body) <= 1_000_000
    assert [body["dataset"], body["config"], body["split"]] == [dataset, config, split]
    assert body["truncated"] == page.partial == (len(body["rows"]) < num_rows)
    assert len(body["rows"]) == min(num_rows, 100) or len(page.body) > 900_000
    assert page.num_rows_total in ({num_rows, None} if page.partial else {num_rows})

    start, end = page.features_span
    assert json.loads(page.body[start:end]) == body["features"]
    offsets = page.row_offsets
    assert [json.loads(page.body[a : b - 1]) for a, b in pairwise(offsets)] == body["rows"]
    middle = len(body["rows"]) // 2
    assert json.loads(b"[" + page.body[offsets[middle] : offsets[-1] - 1] + b"]") == body["rows"][middle:]
    assert [row["row_idx"] for row in body["rows"]] == list(range(len(body["rows"])))
    assert not any("cell_errors" in row for row in body["rows"])


@pytest.mark.parametrize(
    ("dataset", "extensions"),
    [
        ("samples/captioned-shapes", {".jpg", ".png"}),
        ("samples/shapes-in-parquet", {".jpg", ".png"}),
        ("samples/tone-sweeps", {".wav", ".flac"}),
    ],
)
def test_each_media_file_is_staged_and_its_url_ends_where_the_page_says(
    dataset: str, extensions: set[str], reader: Any
) -> None:
    page = reader.read(dataset)
    files = sorted(file.name for file in page.staging.iterdir())
    assert files == page.files
    assert {Path(file).suffix for file in files} <= extensions
    urls = [page.body[:end].rpartition(b'"')[2].decode() for end in page.asset_ends]
    assert [page.body[end : end + 1] for end in page.asset_ends] == [b'"'] * len(urls)
    assert page.asset_ends == sorted(page.asset_ends)
    assert len(urls) == page.body.count(b'"src":')
    assert {url.removeprefix("/assets/prefix/") for url in urls} == set(files)


def test_values_of_each_type_are_written_as_the_contract_says(reader: Any) -> None:
    page = reader.read("samples/value-types")
    row = page.json["rows"][0]["row"]
    assert row["decimal"] == "0.1250"
    assert row["date"] == "2024-03-30"
    assert row["timestamp"] == "2024-03-30T22:15:00.250000+00:00"
    assert row["timestamp_zone"] == "2024-03-30T23:15:00.250000+01:00"
    assert row["duration"] == "PT0.000005S"
    assert row["binary"] == "AAECAw=="
    assert row["matrix"] == [[0, 1, 2], [3, 4, 5]]
    types = {feature["name"]: feature["type"] for feature in page.json["features"]}
    assert types["label"] == {"names": ["no", "yes", "maybe"], "_type": "ClassLabel"}
    assert types["nested"]["point"]["x"] == {"dtype": "float64", "_type": "Value"}
    assert [feature["feature_idx"] for feature in page.json["features"]] == list(range(len(types)))
    nulls = next(row["row"] for row in page.json["rows"] if row["row"]["flag"] is None)
    assert nulls["timestamp"] is None
    assert nulls["translation"] is None


def test_the_sizes_of_a_split_are_what_its_card_declares(reader: Any) -> None:
    assert reader.list("samples/reviews-sharded")["splits"] == [
        ["default", "train", 12827, 180],
        ["default", "test", 2197, 30],
    ]
    assert reader.read("samples/reviews-sharded").num_rows_total == 180
