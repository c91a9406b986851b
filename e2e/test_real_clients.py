"""Those who call such a service at its public address: two libraries, a script, and pages in a browser."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest

from e2e.stack_process import ROOT, OwnStack, Stack, eventually, free_port

EXPECTED: dict[str, dict[str, Any]] = json.loads((ROOT / "samples" / "expected.json").read_text())
LOADED = {
    "samples/bakery-sales": "default",
    "samples/phrasebook": "en-fr",
    "samples/broken-config": "planets",
    "acme/private-notes": "default",
}
LOAD = f"""
import json
from datasets import load_dataset

for name, config in {LOADED}.items():
    loaded = load_dataset(name, config, split="train", streaming=True)
    print(json.dumps([repr(loaded.features), list(loaded)], default=lambda picture: picture.tobytes().hex()))
"""
FIND_PARQUET = """
import json
import huggingface_hub
from datasets.utils._dataset_viewer import DatasetViewerError, get_exported_parquet_files

try:
    get_exported_parquet_files("samples/shapes-in-parquet", None, None)
except DatasetViewerError:
    print(json.dumps("none"))

huggingface_hub.constants.DATASETS_SERVER_ENDPOINT = "{}"
try:
    huggingface_hub.HfApi("https://huggingface.co").list_dataset_parquet_files("samples/shapes-in-parquet")
except huggingface_hub.errors.HfHubHTTPError as error:
    print(json.dumps([error.response.status_code, error.server_message, error.request_id]))
"""

ORIGIN = "https://pages.example"
OF_A_BROWSER = {"Origin": ORIGIN, "Accept": "*/*", "Accept-Encoding": "gzip, deflate, br, zstd"}
ALWAYS_READABLE = frozenset(
    ("cache-control", "content-language", "content-length", "content-type", "expires", "last-modified", "pragma")
)
SAMPLE = {"dataset": "samples/bakery-sales", "config": "default", "split": "train"}
TOKEN = {"Authorization": "Bearer hf_me"}


@pytest.mark.own_stack
def test_the_datasets_library_loads_the_same_with_the_service_as_without_it(stack: OwnStack, tmp_path: Path) -> None:
    """Covers the one call that `load_dataset` makes: `/info?dataset=` with the user's token, at the Hub's address with
    `datasets-server.` before its host. What isn't a 200 means that nothing is known of the dataset.
    """
    before = len(asked(stack, "/info"))
    loaded = run_with_service(stack, LOAD, tmp_path / "with", stack.url)
    eventually(lambda: len(asked(stack, "/info")) == before + len(LOADED))
    assert loaded == run_with_service(stack, LOAD, tmp_path / "without", f"http://127.0.0.1:{free_port()}")
    for (name, config), (_, rows) in zip(LOADED.items(), loaded, strict=True):
        counts = {(entry["config"], entry["split"]): entry["num_rows"] for entry in EXPECTED[name]["splits"]}
        assert len(rows) == counts[config, "train"]


@pytest.mark.own_stack
def test_the_libraries_understand_that_there_are_no_parquet_files(stack: OwnStack, tmp_path: Path) -> None:
    """Covers `/parquet?dataset=` as `datasets` asks for it (`get_exported_parquet_files`), and `huggingface_hub`
    (`list_dataset_parquet_files`), which asks at an address that no setting changes, but a constant.
    """
    nothing, refusal = run_with_service(stack, FIND_PARQUET.format(stack.url), tmp_path, stack.url)
    assert nothing == "none"
    status, message, request_id = refusal
    assert status == 404
    assert message.startswith("There is nothing at this path.")
    eventually(lambda: request_id in [line["request_id"] for line in asked(stack, "/parquet")])


def run_with_service(stack: Stack, code: str, home: Path, service: str) -> list[Any]:
    """What a user's script printed, in whose world the public addresses of services lead to `service`.

    It is the HTTP proxy for everything but the Hub, so that the libraries are as they are installed.
    """
    settings = {"HTTP_PROXY": service, "http_proxy": service, "NO_PROXY": "localhost", "no_proxy": "localhost"}
    return [json.loads(line) for line in stack.run_client(code, home, **settings).splitlines()]


def asked(stack: OwnStack, path: str, status: int = 404) -> list[dict[str, Any]]:
    """The log lines of the requests for a path that were answered so."""
    lines = stack.log("api")
    return [
        line for line in lines if (line["action"], line.get("path"), line.get("status")) == ("request", path, status)
    ]


@pytest.mark.parametrize("length", [100, 30, 7])
@pytest.mark.parametrize("dataset", ["samples/bakery-sales", "samples/long-texts", "samples/weather-stations"])
def test_a_script_reads_page_after_page_up_to_the_last_one_that_there_is(
    stack: Stack, dataset: str, length: int
) -> None:
    rows = read_rows(stack.url, dataset, "default", "train", length)
    first = stack.first_rows(dataset).json()
    there = len(first["rows"])
    assert len(rows) == (there // length * length if first["truncated"] else there)
    assert rows == first["rows"][: len(rows)]


@pytest.mark.own_stack
def test_a_script_that_comes_too_early_comes_again_when_it_is_told_to(stack: OwnStack) -> None:
    with ThreadPoolExecutor(1) as pool:
        with stack.stopped("-m worker"):
            put_unknown(stack, "me/read-early")
            before = len(asked(stack, "/rows", 503))
            reading = pool.submit(read_rows, stack.url, "me/read-early", "default", "train", 100)
            eventually(lambda: len(asked(stack, "/rows", 503)) > before)
        rows = reading.result(60)
    assert [row["row"] for row in rows] == [{"n": 1}]


def read_rows(url: str, dataset: str, config: str, split: str, length: int) -> list[Any]:
    """A script as people write it, with nothing but Python's own library: all rows of a split, `length` at a time."""
    rows: list[Any] = []
    while True:
        where = {"dataset": dataset, "config": config, "split": split, "offset": len(rows), "length": length}
        try:
            with urlopen(f"{url}/rows?{urlencode(where)}", timeout=30) as answer:  # noqa: S310
                page = json.load(answer)
        except HTTPError as error:
            with error:
                if error.code == 503:
                    time.sleep(int(error.headers["Retry-After"]))
                    continue
                if error.headers["X-Error-Code"] == "RowsNotPrecomputed":
                    return rows
                raise
        rows += page["rows"]
        if not page["rows"] or (not page["partial"] and len(rows) == page["num_rows_total"]):
            return rows


def put_unknown(stack: OwnStack, name: str) -> None:
    """A dataset that the Hub knows, and of which nothing is computed, since the workers are stopped."""
    folder = stack.datasets / name
    folder.mkdir(parents=True)
    (folder / "data.csv").write_text("n\n1\n")
    eventually(lambda: stack.first_rows(name).status_code == 503)


@dataclass(frozen=True)
class Shown:
    """What a browser shows a page of an answer: of the headers only what it may read."""

    status: int
    headers: dict[str, str]
    body: bytes


def fetch(stack: Stack, path: str, parameters: dict[str, str], headers: dict[str, str]) -> Shown:
    """What a browser does for `fetch(url, {headers})` in a page of another origin.

    Source: https://fetch.spec.whatwg.org/#http-cors-protocol
    """
    names = sorted(name.lower() for name in headers)
    asking = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": ",".join(names)}
    preflight = stack.http.options(path, params=parameters, headers=OF_A_BROWSER | asking)
    assert preflight.is_success
    assert "get" in listed(preflight, "Access-Control-Allow-Methods")
    # `*` would leave out Authorization.
    assert listed(preflight, "Access-Control-Allow-Headers").issuperset(names)
    answer = stack.http.get(path, params=parameters, headers=OF_A_BROWSER | headers)
    for either in (preflight, answer):
        may_be_read_without_cookies_only(either)
    readable = ALWAYS_READABLE | listed(answer, "Access-Control-Expose-Headers")
    shown = {name.lower(): value for name, value in answer.headers.items() if name.lower() in readable}
    return Shown(answer.status_code, shown, answer.content)


def may_be_read_without_cookies_only(answer: Any) -> None:
    """A browser hides an answer to `credentials: "include"` unless it allows that, and an origin by its name."""
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in answer.headers


def listed(answer: Any, header: str) -> frozenset[str]:
    return frozenset(name.strip().lower() for name in answer.headers[header].split(","))


@pytest.mark.parametrize("dataset", ["samples/bakery-sales", "acme/gated-survey"])
def test_a_page_of_another_origin_reads_an_answer_with_its_token(stack: Stack, dataset: str) -> None:
    where = {**SAMPLE, "dataset": dataset}
    eventually(lambda: stack.first_rows(dataset, token="hf_me").status_code == 200)
    shown = fetch(stack, "/first-rows", where, {**TOKEN, "X-Request-Id": "of-the-page"})
    assert shown.status == 200
    assert json.loads(shown.body) == stack.first_rows(dataset, token="hf_me").json()
    assert shown.headers["x-request-id"] == "of-the-page"
    assert len(shown.headers["x-revision"]) == 40
    assert ("etag" in shown.headers) is (dataset == "samples/bakery-sales")


def test_a_page_of_another_origin_is_told_that_it_has_an_answer_already(stack: Stack) -> None:
    eventually(lambda: stack.first_rows(**SAMPLE).status_code == 200)
    first = fetch(stack, "/first-rows", SAMPLE, TOKEN)
    again = fetch(stack, "/first-rows", SAMPLE, {**TOKEN, "If-None-Match": first.headers["etag"]})
    assert (again.status, again.body) == (304, b"")
    for name in ("etag", "x-revision", "cache-control"):
        assert again.headers[name] == first.headers[name]


@pytest.mark.parametrize(
    ("where", "code"),
    [
        ({**SAMPLE, "split": "nope"}, "ResponseNotFound"),
        ({**SAMPLE, "dataset": "me/no-such"}, "ExternalAuthenticatedError"),
    ],
)
def test_a_page_of_another_origin_reads_why_there_is_nothing(stack: Stack, where: dict[str, str], code: str) -> None:
    eventually(lambda: stack.first_rows(**SAMPLE).status_code == 200)
    shown = fetch(stack, "/first-rows", where, TOKEN)
    assert (shown.status, shown.headers["x-error-code"]) == (404, code)
    assert json.loads(shown.body)["error"]
    assert shown.headers["x-request-id"]


@pytest.mark.own_stack
def test_a_page_of_another_origin_reads_when_to_come_again(stack: OwnStack) -> None:
    with stack.stopped("-m worker"):
        put_unknown(stack, "me/fetched-early")
        shown = fetch(stack, "/first-rows", {**SAMPLE, "dataset": "me/fetched-early"}, TOKEN)
    assert (shown.status, shown.headers["x-error-code"]) == (503, "ResponseNotReady")
    assert int(shown.headers["retry-after"]) > 0
    assert shown.headers["x-request-id"]


def test_a_page_of_another_origin_reads_nothing_with_its_visitor_s_cookies(stack: Stack) -> None:
    private = {**SAMPLE, "dataset": "acme/private-notes"}
    eventually(lambda: stack.first_rows(**private, token="hf_me").status_code == 200)
    answer = stack.http.get("/first-rows", params=private, headers=OF_A_BROWSER | {"Cookie": "token=hf_me"})
    assert answer.status_code == 200
    may_be_read_without_cookies_only(answer)
