"""Bad input at every door gets a clear refusal of the contract, and nothing is lost by it."""

from typing import Any

import pytest

from e2e.stack_process import Stack, eventually

SPLIT = {"dataset": "samples/bakery-sales", "config": "default", "split": "train"}
NAMES = ["../x", "a/b/c", "/", "a b", "a//b", "%2e%2e/x", "x\u0000y", "ä/b", "-a/b", "a/b.git", "a/" + "b" * 200]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("path", ["/splits", "/first-rows", "/rows", "/is-valid"])
def test_a_name_that_no_dataset_can_have_is_refused(stack: Stack, path: str, name: str) -> None:
    answer = stack.get(path, **{**SPLIT, "dataset": name})
    assert (answer.status_code, answer.headers["X-Error-Code"]) == (422, "InvalidParameter")
    assert "dataset" in answer.json()["error"]


@pytest.mark.parametrize(
    ("path", "missing"),
    [
        ("/splits", "dataset"),
        ("/is-valid", "dataset"),
        *[(path, name) for path in ("/first-rows", "/rows") for name in SPLIT],
    ],
)
@pytest.mark.parametrize("empty", [False, True])
def test_a_missing_parameter_is_named(stack: Stack, path: str, missing: str, empty: bool) -> None:
    parameters = {name: value for name, value in SPLIT.items() if name != missing}
    answer = stack.get(path, **parameters, **({missing: ""} if empty else {}))
    assert (answer.status_code, answer.headers["X-Error-Code"]) == (422, "MissingRequiredParameter")
    assert missing in answer.json()["error"]


@pytest.mark.parametrize(
    "wrong",
    [{"offset": value} for value in ("-1", "x", "1.5", "", "1e3", "9" * 400, "٣")]
    + [{"length": value} for value in ("-1", "101", "x", "9" * 400)],
)
def test_a_wrong_range_is_refused(stack: Stack, wrong: dict[str, str]) -> None:
    answer = stack.get("/rows", **SPLIT, **wrong)
    assert answer.status_code == 422
    assert answer.headers["X-Error-Code"] in ("InvalidParameter", "MissingRequiredParameter")


@pytest.mark.parametrize(
    "path",
    ["/assets/../../etc/passwd", "/assets/%2e%2e/etc/passwd", "/assets/", "/assets/x/--/1/../..", "/nothing"]
    + ["/splits/"],
)
def test_a_path_that_is_not_there_is_a_404_in_json(stack: Stack, path: str) -> None:
    answer = stack.http.get(path)
    assert answer.status_code == 404
    assert answer.headers["X-Error-Code"] == "NotFound"
    assert answer.json()["error"]


def test_a_path_that_leads_out_of_the_service_is_refused(stack: Stack) -> None:
    answer = stack.http.get("/assets/%2e%2e/%2e%2e/etc/passwd")
    # To a proxy it is no path at all.
    refusal = (answer.status_code, answer.headers["X-Error-Code"])
    assert refusal in [(404, "NotFound"), (400, "BadRequest")]
    assert list(answer.json()) == ["error"]


@pytest.fixture
def secret(stack: Stack) -> dict[str, str]:
    return stack.webhook_headers


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"null", b"[]", b'"x"', b"1", b"{}", b"\xff\xfe", b"[" * 10_000, b'{"event": 1}']
    + [b'{"event": {"action": "update"}}', b'{"update": 5}', b'{"update": "datasets/../x"}', b'{"add": null}']
    + [b'{"event": {"action": "update", "scope": "repo"}, "repo": {"type": "dataset", "name": ["a"]}}'],
)
def test_a_webhook_of_no_known_form_is_refused(stack: Stack, secret: dict[str, str], body: bytes) -> None:
    answer = stack.http.post("/webhook", content=body, headers=secret)
    assert (answer.status_code, answer.headers["X-Error-Code"]) == (400, "InvalidPayload")


def test_a_webhook_that_is_too_large_is_refused(stack: Stack, secret: dict[str, str]) -> None:
    answer = stack.http.post("/webhook", content=b" " * 1_000_001, headers=secret)
    assert (answer.status_code, answer.headers["X-Error-Code"]) == (413, "PayloadTooLarge")


@pytest.mark.parametrize(
    "payload",
    [
        {"update": "datasets/samples/bakery-sales"},
        {"event": "update", "scope": "repo.content", "repo": {"type": "dataset", "name": "samples/bakery-sales"}},
        {
            "event": {"action": "update", "scope": "repo.content"},
            "repo": {"type": "dataset", "name": "samples/bakery-sales", "private": False},
            "webhook": {"id": "1", "version": 3},
        },
        {"update": "models/x"},
        {"event": {"action": "create", "scope": "discussion"}, "repo": {"type": "dataset", "name": "a/b"}},
    ],
)
def test_a_webhook_of_a_known_form_is_accepted(stack: Stack, secret: dict[str, str], payload: Any) -> None:
    answer = stack.http.post("/webhook", json=payload, headers=secret)
    assert (answer.status_code, answer.json()) == (202, {"status": "ok"})


def test_after_all_of_it_the_answers_are_as_before(stack: Stack) -> None:
    assert eventually(lambda: stack.rows("samples/bakery-sales"))


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_a_method_that_a_path_does_not_answer_is_named_with_those_it_does(stack: Stack, method: str) -> None:
    answer = stack.http.request(method, "/splits")
    assert (answer.status_code, answer.headers["X-Error-Code"]) == (405, "MethodNotAllowed")
    assert "GET" in answer.headers["Allow"]
