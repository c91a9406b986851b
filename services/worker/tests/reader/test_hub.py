"""What the Hub says a dataset is now."""

from typing import Any

import pytest
from libcommon.errors import CodedError
from reader.hub import observe

from services.worker.tests.stand_in import Reply, standing_in


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


def test_a_hub_that_fails_is_told_from_a_dataset_that_is_missing() -> None:
    with standing_in(lambda _: Reply(503)) as endpoint, pytest.raises(CodedError) as raised:
        observe("a/b", endpoint=endpoint, token=None)
    assert raised.value.code == "HfHubError"
    assert endpoint.removeprefix("http://") not in str(raised.value.body())


@pytest.mark.parametrize(("header", "seconds"), [("12", 12), ("Wed, 21 Oct 2015 07:28:00 GMT", 0), ("soon", None)])
def test_a_rate_limit_carries_the_hubs_delay(header: str, seconds: float | None) -> None:
    with (
        standing_in(lambda _: Reply(429, headers={"Retry-After": header})) as endpoint,
        pytest.raises(CodedError) as raised,
    ):
        observe("a/b", endpoint=endpoint, token=None)
    assert raised.value.code == "HubRateLimitedError"
    assert raised.value.retry_after == seconds


def test_a_hub_that_is_down() -> None:
    with standing_in(lambda _: Reply(200)) as endpoint:
        pass
    with pytest.raises(CodedError) as raised:
        observe("a/b", endpoint=endpoint, token=None)
    assert raised.value.code == "HfHubError"
    assert endpoint.removeprefix("http://") not in str(raised.value.body())


@pytest.mark.parametrize("name", ["a/c", "A/b", "organisation/b"])
def test_another_name_in_the_answer_means_that_the_dataset_moved(name: str) -> None:
    body = b'{"id": "%s", "sha": "%s"}' % (name.encode(), b"1" * 40)
    with standing_in(lambda _: Reply.of_json(body)) as endpoint:
        seen = observe("a/b", endpoint=endpoint, token=None)
    assert (seen.visibility, seen.moved_to, seen.revision) == ("moved", name, "1" * 40)


def test_a_disabled_dataset_is_disabled_however_the_hub_says_it() -> None:
    body = b'{"id": "a/b", "sha": "%s", "disabled": true}' % (b"1" * 40)
    with standing_in(lambda _: Reply.of_json(body)) as endpoint:
        assert observe("a/b", endpoint=endpoint, token=None).visibility == "disabled"
    refusal = Reply(403, headers={"X-Error-Message": "Access to this resource is disabled."})
    with standing_in(lambda _: refusal) as endpoint:
        assert observe("a/b", endpoint=endpoint, token=None).visibility == "disabled"


@pytest.mark.parametrize("body", [b"<html>", b"[]", b"{}"])
def test_an_answer_that_is_no_dataset_is_a_fault_of_the_hub(body: bytes) -> None:
    with standing_in(lambda _: Reply.of_json(body)) as endpoint, pytest.raises(CodedError) as raised:
        observe("a/b", endpoint=endpoint, token=None)
    assert raised.value.code == "HfHubError"
