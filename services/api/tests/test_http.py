"""What holds for every request, whatever it asks for."""

import re
import socket
from collections.abc import Callable
from urllib.parse import quote

import httpx2
import pytest
from hub.testing import eventually
from hypothesis import given, settings
from hypothesis import strategies as st
from libcache.schema import Visibility
from libcommon.errors import CATALOGUE

from services.api.tests.process import RunningApi
from services.api.tests.shelf import Shelf

Make = Callable[..., str]
GET_PATHS = [
    "/healthcheck",
    "/ready",
    "/metrics",
    "/splits",
    "/first-rows",
    "/rows",
    "/is-valid",
    "/valid",
    "/assets/x",
]
DATA_PATHS = ["/splits", "/first-rows", "/rows", "/is-valid"]
WHOLE = {"dataset": "acme/csv", "config": "default", "split": "train"}


def code_of(response: httpx2.Response) -> tuple[int, str]:
    assert response.headers["Content-Type"] == "application/json"
    assert isinstance(response.json()["error"], str)
    return response.status_code, response.headers["X-Error-Code"]


def raw(api: RunningApi, request: bytes) -> bytes:
    """The whole answer to a request that no client would send; it has to end the connection."""
    with socket.create_connection(("127.0.0.1", api.port), timeout=10) as connection:
        connection.sendall(request)
        answer = b""
        while received := connection.recv(65_536):
            answer += received
        return answer


def test_the_process_is_up_and_ready(api: RunningApi) -> None:
    assert api.http.get("/healthcheck").text == "ok"
    ready = api.http.get("/ready")
    assert (ready.status_code, ready.json()) == (200, {"mongo": "ok", "assets": "ok"})


def test_head_is_get_without_the_body(api: RunningApi, shelf: Shelf, dataset: Make) -> None:
    name = dataset(Visibility.PUBLIC)
    _, asset = shelf.fill(name)
    query = f"?dataset={name}&config=default&split=train"
    for path in [*(path + query for path in DATA_PATHS), asset, "/healthcheck", "/ready", "/valid", "/nope", "/splits"]:
        got, head = api.http.get(path), api.http.head(path)
        assert (head.status_code, head.content) == (got.status_code, b"")
        ignored = ("date", "x-request-id")
        assert {k: v for k, v in head.headers.items() if k not in ignored} == {
            k: v for k, v in got.headers.items() if k not in ignored
        }


@pytest.mark.parametrize(
    "path",
    ["/", "/nope", "/splits/", "/first-rows/", "/webhook/", "//splits", "/Splits", "/assets", "/splits%00"]
    + [
        "/assets/",
        "/assets/x",
        "/assets/../etc/passwd",
        "/assets/%2e%2e/%2e%2e/etc/passwd",
        "/%ff",
        "/splits%2F",
    ],
)
def test_there_is_nothing_at_another_path(api: RunningApi, path: str) -> None:
    answer = raw(api, f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 404"), answer
    assert b"\r\nx-error-code: NotFound\r\n" in answer.lower().replace(b"notfound", b"NotFound")


@pytest.mark.parametrize("path", GET_PATHS)
def test_a_wrong_method_is_told_the_right_ones(api: RunningApi, path: str) -> None:
    for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND"):
        response = api.http.request(method, path)
        assert code_of(response) == (405, "MethodNotAllowed")
        assert set(response.headers["Allow"].split(", ")) == {"GET", "HEAD"}


def test_the_webhook_answers_post_only(api: RunningApi) -> None:
    response = api.http.get("/webhook")
    assert (code_of(response), response.headers["Allow"]) == ((405, "MethodNotAllowed"), "POST")


def test_any_origin_may_read_errors_too(api: RunningApi, shelf: Shelf, dataset: Make) -> None:
    name = dataset(Visibility.PUBLIC)
    _, asset = shelf.fill(name)
    for path in (f"/splits?dataset={name}", asset, "/splits", "/nope", "/healthcheck"):
        headers = api.http.get(path, headers={"Origin": "https://example.org"}).headers
        assert headers["Access-Control-Allow-Origin"] == "*"
        assert "Access-Control-Allow-Credentials" not in headers
        exposed = set(headers["Access-Control-Expose-Headers"].split(", "))
        assert exposed >= {"X-Error-Code", "X-Revision", "X-Request-Id", "ETag", "Retry-After"}
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "server" not in headers


def test_a_browsers_preflight_is_answered(api: RunningApi) -> None:
    asked = {"Origin": "https://example.org", "Access-Control-Request-Method": "GET"}
    for path in ("/rows", "/nope"):
        response = api.http.options(path, headers={**asked, "Access-Control-Request-Headers": "authorization, x-mine"})
        assert response.status_code == 204
        assert response.headers["Access-Control-Allow-Origin"] == "*"
        assert "GET" in response.headers["Access-Control-Allow-Methods"]
        assert response.headers["Access-Control-Allow-Headers"] == "authorization, x-mine"


def test_a_well_formed_request_id_is_kept_and_another_is_replaced(api: RunningApi) -> None:
    for path in ("/healthcheck", "/nope", "/splits"):
        for kept in ("a", "A.b_c-9", "x" * 128):
            assert api.http.get(path, headers={"X-Request-Id": kept}).headers["X-Request-Id"] == kept
        for replaced in ("", "x" * 129, "a b", "a;b", "a\u00e9"):
            headers = {b"X-Request-Id": replaced.encode()}
            new = api.http.get(path, headers=headers).headers["X-Request-Id"]
            assert re.fullmatch("[0-9a-f]{32}", new)


@pytest.mark.parametrize(
    ("path", "missing"),
    [(path, "dataset") for path in DATA_PATHS]
    + [(path, name) for path in ("/first-rows", "/rows") for name in ("config", "split")],
)
def test_a_required_parameter_that_is_missing_or_empty_is_named(api: RunningApi, path: str, missing: str) -> None:
    for value in ({}, {missing: ""}):
        parameters = {**{key: value for key, value in WHOLE.items() if key != missing}, **value}
        response = api.http.get(path, params=parameters)
        assert code_of(response) == (422, "MissingRequiredParameter")
        assert f"'{missing}'" in response.json()["error"]


@pytest.mark.parametrize(
    "name",
    [
        "../x",
        "x/..",
        "a/b/c",
        "a//b",
        "/a",
        "a/",
        "a b",
        "a\0",
        "a\n",
        "-a/b",
        "a--b",
        "a/b.git",
        "x" * 97,
        "é/a",
        "a/b\t",
    ],
)
def test_what_is_no_dataset_name_is_refused_without_asking_the_hub(api: RunningApi, name: str) -> None:
    for path in DATA_PATHS:
        assert code_of(api.http.get(path, params={**WHOLE, "dataset": name})) == (422, "InvalidParameter")


@pytest.mark.parametrize(
    "query",
    [
        "dataset=a&dataset=a",
        "dataset=a&dataset=b",
        "dataset=%ff",
        "dataset=acme/csv&config=%ED%A0%80&split=train",
        "dataset=acme/csv&config=a%00&split=train",
        "dataset=acme/csv&config=" + "x" * 501 + "&split=train",
        "dataset=acme/csv&config=a&config=a&split=train",
        "dataset=acme/csv&config=" + "x" * 30_000 + "&split=train",
        "dataset=acme/csv&config=default&split=train&" + "&".join(f"x{n}=1" for n in range(100)),
    ],
)
def test_a_malformed_query_is_refused(api: RunningApi, query: str) -> None:
    for path in DATA_PATHS:
        assert code_of(api.http.get(f"{path}?{query}")) == (422, "InvalidParameter")


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("offset", ["-1", "x", "1.0", "1e3", " 1", "1 ", "+1", "", "٣", "1_0", "0x1", str(2**63), "9" * 400, "NaN"]),
        ("length", ["-1", "101", "x", "", "1.5", str(2**64), "null"]),
    ],
)
def test_a_range_that_is_none_is_refused(api: RunningApi, name: str, values: list[str]) -> None:
    for value in values:
        response = api.http.get("/rows", params={**WHOLE, name: value})
        assert code_of(response) == (422, "InvalidParameter")
        assert f"'{name}'" in response.json()["error"]


@pytest.mark.parametrize("limit", ["0", "-1", "1001", "x", ""])
def test_a_limit_that_is_none_is_refused(api: RunningApi, limit: str) -> None:
    assert code_of(api.http.get("/valid", params={"limit": limit})) == (422, "InvalidParameter")


def test_unknown_parameters_are_ignored(api: RunningApi, shelf: Shelf, dataset: Make) -> None:
    name = dataset(Visibility.PUBLIC)
    shelf.fill(name)
    query = f"dataset={name}&config=default&split=train&x=1&x=2&length2=x&secret=%00"
    for path in DATA_PATHS:
        assert api.http.get(f"{path}?{query}").status_code == 200


def test_names_are_utf8_however_they_are_sent(api: RunningApi, shelf: Shelf, dataset: Make) -> None:
    name, config = dataset(Visibility.PUBLIC), "名前/ü & +?"
    record = shelf.observe(name)
    shelf.list_splits(record, {config: ["$split"]})
    shelf.write_first_rows(record, config, "$split", [{"n": 1}])
    assert api.http.get("/rows", params={"dataset": name, "config": config, "split": "$split"}).status_code == 200


def test_metrics_count_requests_by_route_method_and_status_never_by_dataset(
    api: RunningApi, shelf: Shelf, dataset: Make
) -> None:
    name = dataset(Visibility.PUBLIC)
    _, asset = shelf.fill(name)
    api.http.get("/splits", params={"dataset": name})
    api.http.get(asset)
    api.http.get(f"/{name}")
    api.http.request("PROPFIND", "/rows")
    lines = (
        'api_request_seconds_count{method="GET",route="/splits",status="200"}',
        'api_request_seconds_count{method="GET",route="/assets/{path:path}",status="200"}',
        'api_request_seconds_count{method="GET",route="unmatched",status="404"}',
        'api_request_seconds_count{method="other",route="/rows",status="405"}',
        'api_request_seconds_bucket{le="0.1",method="GET",route="/splits",status="200"}',
        'api_hub_requests_total{status="200"}',
        'api_failures_total{reason="bug"} 0.0',
        "api_mongo_open_connections ",
        "api_mongo_used_connections ",
    )
    # Counted after the answer.
    eventually(lambda: all(line in api.http.get("/metrics").text for line in lines))
    assert name not in api.http.get("/metrics").text


def test_the_log_has_a_line_for_a_request_and_no_secret_in_any(api: RunningApi) -> None:
    headers = {"Authorization": "Bearer hf_stranger", "Cookie": "token=hf_very_secret", "X-Request-Id": "find-me"}
    api.http.get("/splits", params={"dataset": "acme/none", "token": "hf_in_the_query"}, headers=headers)
    eventually(lambda: '"request_id":"find-me"' in api.log)
    assert not re.search("hf_stranger|hf_me|hf_very_secret|hf_in_the_query", api.log)


def test_what_is_no_http_is_refused_without_harm(api: RunningApi) -> None:
    assert raw(api, b"\x16\x03\x01\x00\xff nonsense\r\n\r\n").startswith(b"HTTP/1.1 400")
    assert api.http.get("/healthcheck").status_code == 200


names = st.sampled_from(["dataset", "config", "split", "offset", "length", "cursor", "limit", "x"])
values = (
    st.text(max_size=20)
    | st.sampled_from(
        ["acme/csv", "default", "train", "../x", "$where", "0", "100", "-1", "9" * 30, "%00", "null", "[]"]
    )
    | st.integers().map(str)
)
queries = st.lists(st.tuples(names, values), max_size=6).map(
    lambda pairs: "&".join(f"{name}={quote(value, errors='surrogatepass')}" for name, value in pairs)
) | st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="#"), max_size=40)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from([*GET_PATHS, "/assets/"]), queries, st.text(max_size=30))
def test_no_query_brings_anything_but_what_the_contract_says(
    public_api: RunningApi, path: str, query: str, extra: str
) -> None:
    if path == "/assets/":
        path += quote(extra)
    response = public_api.http.get(httpx2.URL(public_api.url + path, query=query.encode()))
    if response.status_code != 200:
        status, code = code_of(response)
        assert status == CATALOGUE[code].status
        assert status in (404, 422)


def test_a_bug_shows_the_request_id_and_nothing_else(api: RunningApi, shelf: Shelf, dataset: Make) -> None:
    name = dataset(Visibility.PUBLIC)
    shelf.fill(name)
    shelf.client[shelf.cache_name]["answers"].update_many({"dataset": name}, {"$set": {"body": b"not compressed"}})
    headers = {"Accept-Encoding": "identity", "X-Request-Id": "the-request-of-the-bug"}
    response = api.http.get("/splits", params={"dataset": name}, headers=headers)
    assert code_of(response) == (500, "UnexpectedError")
    assert "the-request-of-the-bug" in response.json()["error"]
    assert "gzip" not in response.text.lower()
    assert response.headers["Cache-Control"] == "private, no-store"
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    eventually(lambda: "BadGzipFile" in api.log)
