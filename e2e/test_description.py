"""The description of the API holds for who follows it here: its examples are of the samples."""

from functools import partial
from typing import Any

import pytest

from e2e.stack_process import Stack, eventually

Examples = dict[str, Any]


@pytest.fixture(scope="module")
def operations(stack: Stack) -> dict[str, Any]:
    """What can be read, by path: all operations of the document that need nothing for which it has no example.

    `/metrics` is for the inside alone: a reverse proxy doesn't show it.
    """
    document = stack.get("/openapi.json").raise_for_status().json()
    paths = document["paths"]
    readable = {path: methods["get"] for path, methods in paths.items() if "get" in methods and path != "/metrics"}
    return {
        path: operation
        for path, operation in readable.items()
        if all("example" in parameter for parameter in operation["parameters"] if parameter["required"])
    }


def examples(operation: Any) -> list[Examples]:
    """What to ask with: the examples of the required parameters, and those of all that have one."""
    having = [parameter for parameter in operation["parameters"] if "example" in parameter]
    required = {parameter["name"]: parameter["example"] for parameter in having if parameter["required"]}
    return [required, {parameter["name"]: parameter["example"] for parameter in having}]


def test_what_needs_a_dataset_has_examples(operations: dict[str, Any]) -> None:
    with_examples = {path for path, operation in operations.items() if examples(operation)[0]}
    assert with_examples == {"/splits", "/first-rows", "/rows", "/is-valid"}


def test_whoever_asks_with_the_examples_gets_an_answer(stack: Stack, operations: dict[str, Any]) -> None:
    for path, operation in operations.items():
        for parameters in examples(operation):
            answer = settled(stack, path, parameters)
            assert answer.status_code == 200, (path, parameters, answer.text)


def test_the_answer_to_the_examples_is_the_one_that_is_shown(stack: Stack, operations: dict[str, Any]) -> None:
    shown = 0
    for path, operation in operations.items():
        for content in operation["responses"]["200"].get("content", {}).values():
            if "example" not in content:
                continue
            shown += 1
            for parameters in examples(operation):
                # That there is a preview is known a moment after it is there.
                eventually(partial(is_answered_with, stack, path, parameters, content["example"]))
    assert shown


def is_answered_with(stack: Stack, path: str, parameters: Examples, body: Any) -> bool:
    return bool(settled(stack, path, parameters).json() == body)


def settled(stack: Stack, path: str, parameters: Examples) -> Any:
    """The answer, once it isn't "not ready" any more."""

    def answer() -> Any:
        found = stack.get(path, **parameters)
        return found if found.status_code != 503 else None

    return eventually(answer)
