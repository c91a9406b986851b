"""Every sample that a newcomer finds is previewed as its description says."""

import json
from typing import Any

import pytest

from e2e.stack_process import ROOT, Stack, eventually

EXPECTED: dict[str, dict[str, Any]] = json.loads((ROOT / "samples" / "expected.json").read_text())
READABLE = [
    (name, entry["config"], entry["split"], entry["num_rows"])
    for name, sample in EXPECTED.items()
    for entry in sample.get("splits", [])
]


def token_for(name: str) -> str | None:
    return None if EXPECTED[name]["visibility"] == "public" else "hf_me"


def settled(stack: Stack, name: str, path: str = "/splits", **parameters: str) -> Any:
    """The answer of an endpoint, once it isn't "not ready" any more."""

    def answer() -> Any:
        found = stack.get(path, token_for(name), dataset=name, **parameters)
        return found if found.status_code != 503 else None

    return eventually(answer)


@pytest.mark.parametrize("name", EXPECTED)
def test_the_splits_of_a_sample_are_listed(stack: Stack, name: str) -> None:
    answer = settled(stack, name)
    expected = EXPECTED[name]
    if "error" in expected:
        assert answer.status_code == 422
        assert answer.headers["X-Error-Code"] == expected["error"]["code"]
        assert len(answer.json()["error"]) > 40
        return
    listed = [(entry["config"], entry["split"]) for entry in answer.json()["splits"]]
    assert listed == [(entry["config"], entry["split"]) for entry in expected["splits"]]
    failed = [entry["config"] for entry in answer.json()["failed"]]
    assert failed == [entry["config"] for entry in expected.get("failed", [])]


@pytest.mark.parametrize(("name", "config", "split", "num_rows"), READABLE)
def test_the_first_rows_of_a_sample_are_shown(stack: Stack, name: str, config: str, split: str, num_rows: int) -> None:
    answer = settled(stack, name, "/first-rows", config=config, split=split)
    assert answer.status_code == 200, answer.text
    page = answer.json()
    assert 0 < len(page["rows"]) <= min(num_rows, 100)
    assert page["truncated"] is (len(page["rows"]) < num_rows)
    assert [row["row_idx"] for row in page["rows"]] == list(range(len(page["rows"])))
    columns = [feature["name"] for feature in page["features"]]
    assert all(list(row["row"]) == columns for row in page["rows"])
    assert len(answer.content) <= 1_000_000


@pytest.mark.parametrize(("name", "config", "split", "num_rows"), READABLE)
def test_every_media_file_that_a_sample_shows_can_be_fetched(
    stack: Stack, name: str, config: str, split: str, num_rows: int
) -> None:
    page = settled(stack, name, "/first-rows", config=config, split=split).json()
    for source in sources(page["rows"]):
        file = stack.get(source)
        assert file.status_code == 200
        assert file.headers["Content-Type"].split("/")[0] in ("image", "audio")
        assert file.content


def sources(value: Any) -> list[str]:
    """Every asset URL in a JSON value."""
    if isinstance(value, dict):
        own = [value["src"]] if isinstance(value.get("src"), str) else []
        return own + [source for child in value.values() for source in sources(child)]
    if isinstance(value, list):
        return [source for child in value for source in sources(child)]
    return []


@pytest.mark.parametrize("name", ["samples/captioned-shapes", "samples/tone-sweeps", "samples/shapes-in-parquet"])
def test_media_samples_show_media(stack: Stack, name: str) -> None:
    page = settled(stack, name, "/first-rows", config="default", split="train").json()
    assert sources(page["rows"])


def test_a_config_that_fails_says_why_while_its_sibling_works(stack: Stack) -> None:
    answer = settled(stack, "samples/broken-config", "/first-rows", config="moons", split="train")
    assert (answer.status_code, answer.headers["X-Error-Code"]) == (422, "DataFilesNotFoundError")


def test_the_list_of_previews_names_every_public_sample_and_no_other(stack: Stack) -> None:
    expected = [name for name, sample in EXPECTED.items() if sample["visibility"] == "public" and "error" not in sample]
    for name in expected:
        settled(stack, name)
    eventually(lambda: set(expected) <= set(stack.get("/valid").json()["valid"]))
    assert not {"acme/private-notes", "acme/gated-survey", "samples/broken-data-files"} & set(
        stack.get("/valid").json()["valid"]
    )


def test_a_page_of_rows_is_a_slice_of_the_first_rows(stack: Stack) -> None:
    where = {"config": "default", "split": "train"}
    first = settled(stack, "samples/weather-stations", "/first-rows", **where).json()
    page = stack.get("/rows", dataset="samples/weather-stations", **where, offset=90, length=10).json()
    assert page["rows"] == first["rows"][90:]
    assert page["features"] == first["features"]
    assert page["partial"] is True
    beyond = stack.get("/rows", dataset="samples/weather-stations", **where, offset=95, length=10)
    assert (beyond.status_code, beyond.headers["X-Error-Code"]) == (404, "RowsNotPrecomputed")
