"""What the Hub says a dataset is now."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from libcommon.errors import CodedError
from reader.hub import observe


@pytest.mark.parametrize(
    ("dataset", "token", "visibility"),
    [
        ("samples/bakery-sales", "hf_worker", "public"),
        ("samples/bakery-sales", None, "public"),
        ("acme/private-notes", "hf_worker", "private"),
        ("acme/private-notes", None, "missing"),
        ("acme/gated-survey", "hf_worker", "gated"),
        ("samples/nothing", "hf_worker", "missing"),
    ],
)
def test_visibility(dataset: str, token: str | None, visibility: str, hub: Any) -> None:
    seen = observe(dataset, endpoint=hub.endpoint, token=token)
    assert seen.visibility == visibility
    assert (seen.revision is None) == (visibility == "missing")
    assert seen.moved_to is None


def test_a_token_that_the_hub_does_not_know_is_a_fault_of_the_hub(hub: Any) -> None:
    with pytest.raises(CodedError) as raised:
        observe("samples/bakery-sales", endpoint=hub.endpoint, token="hf_unknown")
    assert raised.value.code == "HfHubError"
    assert "HF_TOKEN" in raised.value.message


@contextmanager
def answering(status: int, body: bytes = b"{}", **headers: str) -> Iterator[str]:
    """A server that gives this answer to everything."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_hub_that_fails_is_told_from_a_dataset_that_is_missing() -> None:
    with answering(503) as endpoint, pytest.raises(CodedError) as raised:
        observe("a/b", endpoint=endpoint, token=None)
    assert raised.value.code == "HfHubError"
    assert endpoint.removeprefix("http://") not in str(raised.value.body())


@pytest.mark.parametrize(("header", "seconds"), [("12", 12), ("Wed, 21 Oct 2015 07:28:00 GMT", 0), ("soon", None)])
def test_a_rate_limit_carries_the_hubs_delay(header: str, seconds: float | None) -> None:
    with answering(429, Retry_After=header) as endpoint, pytest.raises(CodedError) as raised:
        observe("a/b", endpoint=endpoint, token=None)
    assert raised.value.code == "HubRateLimitedError"
    assert raised.value.retry_after == seconds


def test_a_hub_that_is_down() -> None:
    with answering(200) as endpoint:
        pass
    with pytest.raises(CodedError) as raised:
        observe("a/b", endpoint=endpoint, token=None)
    assert raised.value.code == "HfHubError"
    assert endpoint.removeprefix("http://") not in str(raised.value.body())


@pytest.mark.parametrize("name", ["a/c", "A/b", "organisation/b"])
def test_another_name_in_the_answer_means_that_the_dataset_moved(name: str) -> None:
    body = b'{"id": "%s", "sha": "%s"}' % (name.encode(), b"1" * 40)
    with answering(200, body, Content_Type="application/json") as endpoint:
        seen = observe("a/b", endpoint=endpoint, token=None)
    assert (seen.visibility, seen.moved_to, seen.revision) == ("moved", name, "1" * 40)


def test_a_disabled_dataset_is_disabled_however_the_hub_says_it() -> None:
    body = b'{"id": "a/b", "sha": "%s", "disabled": true}' % (b"1" * 40)
    with answering(200, body, Content_Type="application/json") as endpoint:
        assert observe("a/b", endpoint=endpoint, token=None).visibility == "disabled"
    with answering(403, X_Error_Message="Access to this resource is disabled.") as endpoint:
        assert observe("a/b", endpoint=endpoint, token=None).visibility == "disabled"


def test_an_answer_that_is_no_dataset_is_a_fault_of_the_hub() -> None:
    for body in (b"<html>", b"[]", b"{}"):
        with answering(200, body, Content_Type="application/json") as endpoint, pytest.raises(CodedError) as raised:
            observe("a/b", endpoint=endpoint, token=None)
        assert raised.value.code == "HfHubError"
