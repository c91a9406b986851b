"""The API's own description: complete, and true of whatever anybody sends."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from http import HTTPStatus
from typing import Any, cast

import httpx2
import pytest
import schemathesis
from api.endpoint import Endpoint
from api.routes import ENDPOINTS
from hypothesis import HealthCheck, given, settings
from libcommon.errors import CATALOGUE
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from services.api.tests.odd_hub import OddHub
from services.api.tests.process import RunningApi, running_api
from services.api.tests.shelf import Shelf

# Of each endpoint, with what is legal and with what is not.
CASES = 150
# What an HTTP server adds by itself, and what the OpenAPI specification says is described elsewhere.
_OF_HTTP = frozenset(("allow", "connection", "content-length", "content-type", "date", "transfer-encoding"))
SAMPLE = "samples/bakery-sales"

Object = dict[str, Any]


@pytest.fixture(scope="module")
def described(environment: dict[str, str], shelf: Shelf) -> Iterator[RunningApi]:
    """An api whose Hub lets everybody in, with the dataset of the examples; it takes webhooks from anybody."""
    shelf.fill(SAMPLE)
    with (
        OddHub().listening() as hub,
        running_api({**environment, "HF_ENDPOINT": hub.url, "HF_WEBHOOK_SECRET": ""}) as api,
    ):
        yield api


@pytest.fixture(scope="module")
def document(described: RunningApi) -> Object:
    answer = described.http.get("/openapi.json").raise_for_status()
    found: Object = answer.json()
    return found


@pytest.fixture(scope="module")
def operations(document: Object) -> dict[tuple[str, str], Any]:
    """What there is to be done with the api, by method and path."""
    found = schemathesis.openapi.from_dict(document).get_all_operations()
    return {(each.method.upper(), each.path): each for each in (cast(Any, result).ok() for result in found)}


@pytest.mark.parametrize(
    ("endpoint", "mode"),
    [
        *((endpoint, GenerationMode.POSITIVE) for endpoint in ENDPOINTS),
        # Where nothing is taken, nothing wrong can be sent.
        *((endpoint, GenerationMode.NEGATIVE) for endpoint in ENDPOINTS if endpoint.parameters or endpoint.body),
    ],
    ids=lambda value: value.path if isinstance(value, Endpoint) else value.value,
)
def test_whatever_is_sent_is_answered_as_described(
    described: RunningApi, operations: dict[tuple[str, str], Any], endpoint: Endpoint, mode: GenerationMode
) -> None:
    operation = operations[endpoint.method, endpoint.path.replace(":path", "")]
    # A split needs its config, and what is legal in a webhook depends on its other parts: a schema can't say that.
    loose = [positive_data_acceptance] if endpoint.path in ("/is-valid", "/webhook") else []
    # A webhook of no interest is accepted.
    loose += [negative_data_rejection] if endpoint.body else []

    @given(operation.as_strategy(generation_mode=mode))
    @settings(
        max_examples=CASES if endpoint.parameters or endpoint.body else 2,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    def send(case: Any) -> None:
        response = case.call(base_url=described.url)
        # Whether a 5xx is right is for the lines after it.
        case.validate_response(response, excluded_checks=[not_a_server_error, *loose])
        if response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
            assert response.status_code == HTTPStatus.SERVICE_UNAVAILABLE
            assert response.headers["x-error-code"] == ["ResponseNotReady"]
        assert undescribed(operation.definition.raw, response.status_code, response.headers) == set()

    send()


def undescribed(operation: Object, status: int, headers: Any) -> set[str]:
    """The headers of a response that its description leaves out."""
    known = operation["responses"][str(status)].get("headers", {})
    return {name.lower() for name in headers} - _OF_HTTP - {name.lower() for name in known}


def test_no_header_is_sent_that_is_not_described(described: RunningApi, document: Object) -> None:
    names = {"dataset": SAMPLE, "config": "default", "split": "train"}
    asked: list[tuple[str, Object, dict[str, str]]] = []
    of_datasets: tuple[Object, ...] = (names, {**names, "config": "nope"}, {}, {**names, "dataset": "me/not-known-yet"})
    conditions = ({"If-None-Match": "*"}, {"Accept": "application/problem+json", "Origin": "https://example.com"})
    for path in ("/splits", "/first-rows", "/rows", "/is-valid"):
        asked += [(path, parameters, headers) for parameters in of_datasets for headers in ({}, *conditions)]
    asked += [(path, {}, {}) for path in document["paths"] if "{" not in path and path != "/webhook"]
    for path, parameters, headers in asked:
        response = described.http.get(path, params=parameters, headers=headers)
        assert undescribed(document["paths"][path]["get"], response.status_code, response.headers) == set(), path
    refused = described.http.post("/webhook", content=b"no json")
    assert undescribed(document["paths"]["/webhook"]["post"], refused.status_code, refused.headers) == set()


def test_the_headers_of_files_are_described(described: RunningApi, shelf: Shelf, document: Object) -> None:
    _, asset = shelf.fill("acme/described-files")
    operation = document["paths"]["/assets/{path}"]["get"]
    seen = set()
    for path, headers in (
        (asset, {}),
        (asset, {"If-None-Match": "*"}),
        (asset, {"Range": "bytes=0-1"}),
        (asset, {"Range": "bytes=99-"}),
        (asset.replace("described", "not-described"), {}),
        ("/assets/x", {}),
    ):
        response = described.http.get(path, headers=headers)
        seen.add(response.status_code)
        assert undescribed(operation, response.status_code, response.headers) == set()
    assert seen == {200, 206, 304, 403, 404, 416}


def test_every_error_of_the_catalogue_is_described_with_its_status(document: Object) -> None:
    described: dict[str, str] = {}
    for methods in document["paths"].values():
        for operation in methods.values():
            for status, response in operation["responses"].items():
                codes = response["headers"].get("X-Error-Code", {}).get("schema", {}).get("enum", [])
                described.update(dict.fromkeys(codes, status))
    # Whatever can't be found in the description by its path and method.
    of_no_operation = {"MethodNotAllowed", "BadRequest"}
    assert described.keys() == CATALOGUE.keys() - of_no_operation
    assert all(str(CATALOGUE[code].status) == status for code, status in described.items())


def test_required_parameters_have_examples_and_headers_are_all_explained(document: Object) -> None:
    for methods in document["paths"].values():
        for operation in methods.values():
            for parameter in operation["parameters"]:
                if parameter["in"] == "query" and parameter["required"]:
                    assert parameter["example"]
                assert parameter["description"]
            for response in operation["responses"].values():
                for header in response["headers"].values():
                    name = header.get("$ref", "").rpartition("/")[2]
                    assert header.get("description") or document["components"]["headers"][name]["description"]


class _Links(HTMLParser):
    """Collects the addresses that a page takes things from or leads to."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.loads: list[str] = []
        self.links: list[str] = []
        self.ids: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for name, value in attrs:
            if name == "src" or (name == "href" and tag != "a"):
                self.loads.append(value or "")
            elif name == "href":
                self.links.append(value or "")
            elif name == "id":
                self.ids.add(value or "")


def test_the_page_shows_all_of_it_and_needs_nothing_from_anywhere_else(described: RunningApi, document: Object) -> None:
    answer = described.http.get("/docs")
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    page = _Links()
    page.feed(answer.text)
    assert page.loads == []
    assert "script" not in page.tags
    assert not re.search(r"url\(|@import|https?://", answer.text)
    assert CATALOGUE.keys() <= page.ids
    operations = {each["operationId"] for methods in document["paths"].values() for each in methods.values()}
    assert operations <= page.ids
    for path in document["paths"]:
        assert path in answer.text
    for link in page.links:
        if link.startswith("#"):
            assert link[1:] in page.ids
        else:
            found = described.http.get(httpx2.URL(described.url).join("/docs").join(link))
            assert found.status_code == 200, link
