"""The id that an event was sent with is in the log lines of what comes of it, and its trace in the answers too."""

from functools import partial
from typing import Any

import pytest

from e2e.stack_process import OwnStack, eventually


@pytest.mark.own_stack
@pytest.mark.parametrize("asked_meanwhile", [False, True])
def test_the_request_id_and_the_trace_of_a_webhook_lead_to_what_came_of_it(
    stack: OwnStack, asked_meanwhile: bool
) -> None:
    """The workers rest until both webhooks are in: the Hub's own, which has no trace, and then this one."""
    name, request_id = f"me/traced-{asked_meanwhile:d}", f"pushed-{asked_meanwhile:d}"
    trace = f"00-4bf92f3577b34da6a3ce929d0e0e473{asked_meanwhile:d}-00f067aa0ba902b7-01"
    with stack.stopped("-m worker"):
        folder = stack.datasets / name
        folder.mkdir(parents=True)
        (folder / "data.csv").write_text("n\n1\n")
        eventually(lambda: lines(stack, "api", action="webhook", dataset=name))
        headers = {"X-Request-Id": request_id, "Traceparent": trace, **stack.webhook_headers}
        announced = stack.http.post("/webhook", json={"update": f"datasets/{name}"}, headers=headers)
        assert (announced.status_code, announced.headers["X-Request-Id"]) == (202, request_id)
        if asked_meanwhile:
            assert stack.get("/splits", dataset=name).status_code == 503

    for type_ in ("datasets", "splits"):
        done = {"action": "end", "type": type_, "dataset": name, "outcome": "done", "request_id": request_id}
        eventually(partial(lines, stack, "worker", **done))
    for answer in (stack.get("/splits", dataset=name), stack.first_rows(name)):
        assert (answer.status_code, answer.headers.get("X-Traceparent")) == (200, trace)

    assert lines(stack, "api", action="webhook", dataset=name, request_id=request_id)
    eventually(lambda: lines(stack, "api", action="request", path="/webhook", request_id=request_id))
    traced = lines(stack, "api", traceparent=trace) + lines(stack, "worker", traceparent=trace)
    assert {line["request_id"] for line in traced} == {request_id}


def lines(stack: OwnStack, program: str, **fields: str) -> list[dict[str, Any]]:
    """The lines with these fields in the log of a program."""
    return [line for line in stack.log(program) if fields.items() <= line.items()]
