"""The shapes and headers of what is stored, as it reaches a client."""

import gzip
import json
from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from libcache.answers import AnswerKey, Kind
from libcache.schema import Visibility
from libcommon.errors import CodedError

from services.api.tests.process import RunningApi
from services.api.tests.shelf import NEXT_REVISION, REVISION, Shelf

Make = Callable[..., str]
FRESH = "max-age=120, stale-while-revalidate=600"
SOON_OTHERWISE = "max-age=10"
IDENTITY = {"Accept-Encoding": "identity"}
ME = {"Authorization": "Bearer hf_me"}


def rows_of(count: int) -> list[dict[str, Any]]:
    return [{"n": n, "text": f"the row № {n}, 第{n}行 \N{GRINNING FACE}"} for n in range(count)]


def code_of(response: httpx2.Response) -> tuple[int, str]:
    """The status and the code of an error, after a look at its shape."""
    assert response.headers["Content-Type"] == "application/json"
    assert isinstance(response.json()["error"], str)
    return response.status_code, response.headers["X-Error-Code"]


class Split:
    """A split whose rows are asked for."""

    def __init__(self, api: RunningApi, dataset: str, config: str = "default", split: str = "train") -> None:
        self._api = api
        self._names: dict[str, int | str] = {"dataset": dataset, "config": config, "split": split}

    def get(self, path: str, headers: dict[str, str] | None = None, **parameters: int | str) -> httpx2.Response:
        return self._api.http.get(path, params=self._names | parameters, headers=headers)

    def rows(self, **parameters: int | str) -> list[int]:
        """The indices of the rows that /rows gives."""
        response = self.get("/rows", None, **parameters).raise_for_status()
        return [row["row_idx"] for row in response.json()["rows"]]


@pytest.fixture
def name(dataset: Make) -> str:
    return dataset(Visibility.PUBLIC)


def test_splits_are_the_stored_bytes(api: RunningApi, shelf: Shelf, name: str) -> None:
    body = shelf.list_splits(shelf.observe(name), {"default": ["train", "test"], "other": ["train"]})
    response = api.http.get("/splits", params={"dataset": name})
    assert (response.status_code, response.content) == (200, body)
    assert [(entry["config"], entry["split"]) for entry in response.json()["splits"]] == [
        ("default", "train"),
        ("default", "test"),
        ("other", "train"),
    ]


def test_splits_of_one_config_are_its_part_of_the_list(api: RunningApi, shelf: Shelf, name: str) -> None:
    failed = CodedError("SplitsNamesError", "It has no splits.")
    shelf.list_splits(shelf.observe(name), {"default": ["train"], "bad": failed, "other": ["a", "b"], "empty": []})
    for config, splits in {"default": ["train"], "other": ["a", "b"], "empty": []}.items():
        body = api.http.get("/splits", params={"dataset": name, "config": config}).raise_for_status().json()
        assert [entry["split"] for entry in body.pop("splits")] == splits
        assert body == {"pending": [], "failed": []}


def test_a_failed_config_answers_with_its_own_error(api: RunningApi, shelf: Shelf, name: str) -> None:
    failed = CodedError("SplitsNamesError", "It has no splits.", cause_exception="ValueError", cause_message="none")
    shelf.list_splits(shelf.observe(name), {"default": ["train"], "bad": failed})
    listed = api.http.get("/splits", params={"dataset": name}).raise_for_status().json()
    assert listed["failed"] == [{"dataset": name, "config": "bad", "error": failed.body()}]
    bad = {"dataset": name, "config": "bad", "split": "train"}
    for path in ("/splits", "/first-rows", "/rows"):
        response = api.http.get(path, params=bad)
        assert code_of(response) == (422, "SplitsNamesError")
        assert response.json() == failed.body()
        assert response.headers["Cache-Control"] == SOON_OTHERWISE
        assert response.headers["X-Revision"] == REVISION


def test_a_failed_listing_answers_every_endpoint(api: RunningApi, shelf: Shelf, name: str) -> None:
    failed = CodedError("EmptyDatasetError", "The dataset has no data files: add some.")
    shelf.write_error(shelf.observe(name), AnswerKey(Kind.SPLITS, name), failed)
    for path in ("/splits", "/first-rows", "/rows"):
        response = Split(api, name).get(path)
        assert code_of(response) == (422, "EmptyDatasetError")
        assert response.json() == failed.body()
        assert "Retry-After" not in response.headers


def test_a_failure_of_the_hub_says_when_to_ask_again(api: RunningApi, shelf: Shelf, name: str) -> None:
    record = shelf.observe(name)
    shelf.write_error(record, AnswerKey(Kind.SPLITS, name), CodedError("HfHubError", "The Hub is down."))
    response = api.http.get("/splits", params={"dataset": name})
    assert code_of(response) == (502, "HfHubError")
    assert int(response.headers["Retry-After"]) > 0


def test_what_is_not_in_the_list_is_not_found_and_what_is_there_is_named(
    api: RunningApi, shelf: Shelf, name: str
) -> None:
    many = {f"config-{number:03}-{'x' * 100}": ["train"] for number in range(100)}
    shelf.list_splits(shelf.observe(name), {"default": ["train", "test"], **many})
    no_split = Split(api, name, split="nope").get("/first-rows")
    assert code_of(no_split) == (404, "ResponseNotFound")
    assert "'nope'" in no_split.json()["error"]
    assert "'train', 'test'" in no_split.json()["error"]
    for path in ("/first-rows", "/rows", "/splits"):
        no_config = Split(api, name, config="y" * 500).get(path)
        assert code_of(no_config) == (404, "ResponseNotFound")
        assert "'default', 'config-000-xxx" in no_config.json()["error"]
        assert len(no_config.content) < 2_000


def test_first_rows_are_the_stored_bytes(api: RunningApi, shelf: Shelf, name: str) -> None:
    body = shelf.write_first_rows(shelf.observe(name), "default", "train", rows_of(100), total=1000)
    response = Split(api, name).get("/first-rows")
    assert (response.status_code, response.content) == (200, body)
    assert response.headers["Content-Type"] == "application/json"
    assert response.headers["X-Revision"] == REVISION
    assert response.headers["Cache-Control"] == FRESH
    assert response.headers["Vary"] == "Accept-Encoding, Authorization, Cookie"
    assert "X-Cache" not in response.headers


def test_who_accepts_gzip_gets_it_and_others_do_not(api: RunningApi, shelf: Shelf, name: str) -> None:
    record = shelf.observe(name)
    body = shelf.write_first_rows(record, "default", "train", rows_of(100))
    shelf.list_splits(record, {"default": ["train"]})
    for path in ("/first-rows", "/rows", "/splits"):
        plain = Split(api, name).get(path, IDENTITY)
        assert "Content-Encoding" not in plain.headers
        url = f"{path}?dataset={name}&config=default&split=train"
        with api.http.stream("GET", url, headers={"Accept-Encoding": "gzip"}) as response:
            raw = b"".join(response.iter_raw())
        assert response.headers["Content-Length"] == str(len(raw))
        if path != "/splits":
            assert response.headers["Content-Encoding"] == "gzip"
            raw = gzip.decompress(raw)
        assert raw == plain.content
        if path == "/first-rows":
            assert raw == body


@pytest.mark.parametrize(
    ("parameters", "rows"),
    [
        ({}, range(10)),
        ({"offset": 3}, range(3, 10)),
        ({"offset": 3, "length": 2}, range(3, 5)),
        ({"length": 0}, range(0)),
        ({"length": 100}, range(10)),
        ({"offset": 9, "length": 100}, range(9, 10)),
        ({"offset": 10}, range(0)),
        ({"offset": 10, "length": 1}, range(0)),
        ({"offset": 2**63 - 1, "length": 100}, range(0)),
    ],
)
def test_a_range_of_a_whole_split_is_clipped_to_it(
    api: RunningApi, shelf: Shelf, name: str, parameters: dict[str, int], rows: range
) -> None:
    shelf.write_first_rows(shelf.observe(name), "default", "train", rows_of(10))
    assert Split(api, name).rows(**parameters) == list(rows)


@pytest.mark.parametrize(
    ("parameters", "rows"),
    [
        ({}, range(10)),
        ({"offset": 4}, range(4, 10)),
        ({"offset": 9, "length": 1}, range(9, 10)),
        ({"offset": 10, "length": 0}, range(0)),
    ],
)
def test_a_range_of_the_page_of_a_longer_split_is_served(
    api: RunningApi, shelf: Shelf, name: str, parameters: dict[str, int], rows: range
) -> None:
    shelf.write_first_rows(shelf.observe(name), "default", "train", rows_of(10), total=11)
    assert Split(api, name).rows(**parameters) == list(rows)


@pytest.mark.parametrize(
    "parameters", [{"offset": 10}, {"offset": 9, "length": 2}, {"length": 11}, {"offset": 11, "length": 0}]
)
def test_a_range_that_leaves_the_page_of_a_longer_split_is_refused_with_the_last_row_there_is(
    api: RunningApi, shelf: Shelf, name: str, parameters: dict[str, int]
) -> None:
    shelf.write_first_rows(shelf.observe(name), "default", "train", rows_of(10), total=11)
    response = Split(api, name).get("/rows", None, **parameters)
    assert code_of(response) == (404, "RowsNotPrecomputed")
    assert "offset 9" in response.json()["error"]


def test_rows_are_the_same_as_the_first_rows(api: RunningApi, shelf: Shelf, name: str) -> None:
    shelf.write_first_rows(shelf.observe(name), "default", "train", rows_of(10), total=1000)
    first, rows = (Split(api, name).get(path).raise_for_status() for path in ("/first-rows", "/rows"))
    assert rows.json() == {
        "features": first.json()["features"],
        "rows": first.json()["rows"],
        "num_rows_total": 1000,
        "num_rows_per_page": 100,
        "partial": True,
    }
    assert rows.headers["X-Revision"] == REVISION
    assert rows.headers["Cache-Control"] == FRESH


def test_a_split_of_no_rows_has_an_empty_page(api: RunningApi, shelf: Shelf, name: str) -> None:
    shelf.write_first_rows(shelf.observe(name), "default", "train", [])
    assert Split(api, name).get("/first-rows").raise_for_status().json()["rows"] == []
    body = Split(api, name).get("/rows").raise_for_status().json()
    assert (body["rows"], body["num_rows_total"], body["partial"]) == ([], 0, False)


def test_a_split_whose_rows_were_not_counted_has_no_total(api: RunningApi, shelf: Shelf, name: str) -> None:
    record = shelf.observe(name)
    shelf.write_first_rows(record, "default", "train", rows_of(2))
    shelf.client[shelf.cache_name]["answers"].update_one({"dataset": name}, {"$set": {"num_rows_total": None}})
    assert Split(api, name).get("/rows").json()["num_rows_total"] is None


def test_a_failed_split_answers_with_its_error(api: RunningApi, shelf: Shelf, name: str) -> None:
    record = shelf.observe(name)
    failed = CodedError("StreamingRowsError", "The rows can't be read.", cause_exception="ValueError")
    shelf.write_error(record, AnswerKey(Kind.FIRST_ROWS, name, "default", "train"), failed)
    for path in ("/first-rows", "/rows"):
        response = Split(api, name).get(path, IDENTITY)
        assert code_of(response) == (422, "StreamingRowsError")
        assert response.json() == failed.body()


def test_while_a_refresh_runs_the_last_good_answer_is_served_as_stale(api: RunningApi, shelf: Shelf, name: str) -> None:
    shelf.fill(name)
    shelf.records.announce(name)
    for path in ("/splits", "/first-rows", "/rows"):
        response = Split(api, name).get(path)
        assert response.status_code == 200
        assert response.headers["X-Cache"] == "stale"
        assert response.headers["Cache-Control"] == SOON_OTHERWISE
        assert response.headers["X-Revision"] == REVISION


def test_an_answer_of_an_older_revision_is_stale(api: RunningApi, shelf: Shelf, name: str) -> None:
    shelf.fill(name)
    shelf.observe(name, revision=NEXT_REVISION)
    response = Split(api, name).get("/first-rows")
    assert (response.headers["X-Cache"], response.headers["X-Revision"]) == ("stale", REVISION)


def test_an_answer_that_a_failure_of_the_server_left_standing_is_stale(
    api: RunningApi, shelf: Shelf, name: str
) -> None:
    shelf.fill(name)
    failed = CodedError("JobOutOfMemoryError", "It needs too much memory.")
    shelf.write_error(shelf.observe(name), AnswerKey(Kind.FIRST_ROWS, name, "default", "train"), failed)
    response = Split(api, name).get("/first-rows")
    assert (response.status_code, response.headers["X-Cache"]) == (200, "stale")


def test_caches_keep_nothing_that_is_not_public(api: RunningApi, shelf: Shelf, dataset: Make) -> None:
    for visibility in (Visibility.PRIVATE, Visibility.GATED):
        name = dataset(visibility)
        shelf.fill(name, visibility)
        for path in ("/splits", "/first-rows", "/rows", "/is-valid"):
            good = Split(api, name).get(path, ME)
            assert (good.status_code, good.headers["Cache-Control"]) == (200, "private, no-store")
            assert "ETag" not in good.headers
            refused = Split(api, name).get(path)
            assert (refused.status_code, refused.headers["Cache-Control"]) == (401, "private, no-store")
        missing = Split(api, name, split="nope").get("/rows", ME)
        assert (missing.status_code, missing.headers["Cache-Control"]) == (404, "private, no-store")


def test_is_valid_tells_what_has_a_preview(api: RunningApi, shelf: Shelf, name: str) -> None:
    record = shelf.observe(name)
    shelf.list_splits(record, {"default": ["train", "test"], "other": ["train"]})
    shelf.write_first_rows(record, "default", "train", rows_of(1))
    failed = CodedError("StreamingRowsError", "The rows can't be read.")
    shelf.write_error(record, AnswerKey(Kind.FIRST_ROWS, name, "other", "train"), failed)

    def preview(**parameters: str) -> bool:
        response = api.http.get("/is-valid", params={"dataset": name, **parameters}).raise_for_status()
        body: dict[str, bool] = response.json()
        assert body == {**body, "viewer": False, "search": False, "filter": False, "statistics": False}
        assert response.headers["Cache-Control"] == (FRESH if body["preview"] else SOON_OTHERWISE)
        return body["preview"]

    assert preview()
    assert preview(config="default")
    assert preview(config="default", split="train")
    assert not preview(config="default", split="test")
    assert not preview(config="other")
    assert not preview(config="other", split="train")
    assert not preview(config="nope")


def test_is_valid_of_a_split_wants_its_config(api: RunningApi, name: str) -> None:
    response = api.http.get("/is-valid", params={"dataset": name, "split": "train"})
    assert code_of(response) == (422, "MissingRequiredParameter")


def test_is_valid_is_false_for_what_was_closed(api: RunningApi, shelf: Shelf, name: str) -> None:
    shelf.fill(name)
    shelf.records.close(name)
    for parameters in ({}, {"config": "default"}, {"config": "default", "split": "train"}):
        response = api.http.get("/is-valid", params={"dataset": name, **parameters})
        assert (response.status_code, response.json()["preview"]) == (200, False)
        assert response.headers["X-Cache"] == "stale"


def test_valid_lists_the_public_datasets_with_a_preview_page_by_page(
    api: RunningApi, shelf: Shelf, dataset: Make
) -> None:
    for visibility in (Visibility.PUBLIC, Visibility.PRIVATE, Visibility.GATED, Visibility.DISABLED):
        shelf.fill(f"valid/{visibility.value}", visibility)
    shelf.observe("valid/without-preview")
    for name in ("valid/b", "valid/a", "valid/B", "valid/c"):
        shelf.fill(name)
    shelf.fill("valid/closed")
    shelf.records.close("valid/closed")
    listed: list[str] = []
    cursor: str | None = "valid/"
    while cursor is not None and len(listed) < 5:
        response = api.http.get("/valid", params={"cursor": cursor, "limit": 2}).raise_for_status()
        assert len(response.json()["valid"]) <= 2
        listed += response.json()["valid"]
        cursor = response.json()["next_cursor"]
    assert listed[:5] == ["valid/B", "valid/a", "valid/b", "valid/c", "valid/public"]
    everything = api.http.get("/valid").raise_for_status().json()
    assert everything["valid"] == sorted(everything["valid"])
    assert everything["next_cursor"] is None
    assert json.dumps(everything).isascii()
