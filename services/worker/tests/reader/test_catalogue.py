"""The Hub's list, page by page."""

import pytest
from hub.testing import RunningHub
from libcommon.errors import CodedError
from reader.catalogue import read_page
from reader.hub import Observation

from services.worker.tests.stand_in import Reply, standing_in


def everything(hub: RunningHub, length: int, token: str | None) -> tuple[dict[str, Observation], int]:
    """All datasets on all pages, and how many pages there were."""
    found: dict[str, Observation] = {}
    cursor: str | None = None
    pages = 0
    while pages == 0 or cursor is not None:
        page = read_page(cursor, length, endpoint=hub.endpoint, token=token)
        assert len(page.datasets) <= length
        found.update(page.datasets)
        cursor = page.cursor
        pages += 1
    return found, pages


def test_pages_go_on_from_their_cursor_to_the_end(hub: RunningHub) -> None:
    whole, pages = everything(hub, 1000, "hf_worker")
    assert pages == 1
    assert everything(hub, 5, "hf_worker") == (whole, -(-len(whole) // 5))


def test_the_list_tells_what_the_token_may_see_and_its_revisions(hub: RunningHub) -> None:
    seen, _ = everything(hub, 1000, "hf_worker")
    kinds = {
        name: seen[name].visibility for name in ("samples/bakery-sales", "acme/private-notes", "acme/gated-survey")
    }
    assert list(kinds.values()) == ["public", "private", "gated"]
    assert all(len(found.revision or "") == 40 for found in seen.values())
    assert "acme/private-notes" not in everything(hub, 1000, None)[0]


def test_names_that_no_dataset_can_have_are_passed_over() -> None:
    body = b'[{"id": "../etc", "sha": "1"}, {"id": "a/b", "sha": "1"}]'
    with standing_in(lambda _: Reply.of_json(body)) as endpoint:
        page = read_page(None, 10, endpoint=endpoint, token=None)
    assert page.datasets == [("a/b", Observation("public", "1"))]


@pytest.mark.parametrize(("status", "code"), [(429, "HubRateLimitedError"), (503, "HfHubError"), (400, "HfHubError")])
def test_a_hub_that_refuses_is_in_trouble(status: int, code: str) -> None:
    refusal = Reply(status, headers={"Retry-After": "7"})
    with standing_in(lambda _: refusal) as endpoint, pytest.raises(CodedError) as raised:
        read_page("cursor", 10, endpoint=endpoint, token=None)
    assert raised.value.code == code
    assert raised.value.retry_after == (7 if status == 429 else None)


@pytest.mark.parametrize("body", [b"<html>", b"{}", b'[{"name": "a"}]'])
def test_an_answer_that_is_no_list_is_a_fault_of_the_hub(body: bytes) -> None:
    with standing_in(lambda _: Reply.of_json(body)) as endpoint, pytest.raises(CodedError) as raised:
        read_page(None, 10, endpoint=endpoint, token=None)
    assert raised.value.code == "HfHubError"
