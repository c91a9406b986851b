"""What an api tells the nginx in front of it: which file to send, and what to keep."""

from collections.abc import Callable, Iterator

import pytest
from libcache.schema import Visibility

from services.api.tests.process import RunningApi, running_api
from services.api.tests.shelf import PICTURE, Shelf

Make = Callable[..., str]
SPLIT = {"config": "default", "split": "train"}
ME = {"Authorization": "Bearer hf_me"}


@pytest.fixture(scope="module")
def behind(environment: dict[str, str]) -> Iterator[RunningApi]:
    """An api that has nginx in front of it."""
    with running_api({**environment, "ASSETS_INTERNAL_LOCATION": "/internal/assets"}) as api:
        yield api


def test_a_file_is_named_to_nginx_with_all_that_is_said_of_it(
    behind: RunningApi, api: RunningApi, shelf: Shelf, dataset: Make
) -> None:
    _, path = shelf.fill(dataset(Visibility.PUBLIC))
    told, sent = behind.http.get(path), api.http.get(path)
    assert told.headers.pop("X-Accel-Redirect") == f"/internal{path}"
    assert (told.status_code, told.content, sent.content) == (200, b"", PICTURE)
    # Of the file itself nginx says more.
    of_the_file = {"Accept-Ranges", "Last-Modified", "Content-Length", "Date", "X-Request-Id"}
    for name in of_the_file:
        told.headers.pop(name, None)
        sent.headers.pop(name, None)
    assert told.headers == sent.headers


@pytest.mark.parametrize("given", ["bytes=2-4", "bytes=7-", "bytes=-3"])
def test_a_part_is_for_nginx_to_cut_out(behind: RunningApi, shelf: Shelf, dataset: Make, given: str) -> None:
    _, path = shelf.fill(dataset(Visibility.PUBLIC))
    answer = behind.http.get(path, headers={"Range": given})
    assert (answer.status_code, answer.headers["X-Accel-Redirect"]) == (200, f"/internal{path}")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Range": "bytes=5-2"}, 200),
        ({"Range": "bytes=0-1,4-5"}, 200),
        ({"Range": "bytes=999-"}, 416),
        ({"Range": "bytes=0-1", "If-Range": '"other"'}, 200),
        ({"If-None-Match": "*"}, 304),
        ({"If-None-Match": '"other"'}, 200),
        ({"If-Match": '"other"'}, 200),
        ({"If-Modified-Since": "Fri, 01 Jan 2100 00:00:00 GMT"}, 200),
        ({"If-Unmodified-Since": "Sat, 01 Jan 2000 00:00:00 GMT"}, 200),
    ],
)
def test_what_nginx_would_understand_otherwise_the_api_answers_itself(
    behind: RunningApi, shelf: Shelf, dataset: Make, headers: dict[str, str], status: int
) -> None:
    _, path = shelf.fill(dataset(Visibility.PUBLIC))
    answer = behind.http.get(path, headers=headers)
    assert (answer.status_code, answer.content) == (status, PICTURE if status == 200 else b"")
    assert "X-Accel-Redirect" not in answer.headers


def test_nginx_is_told_of_no_file_that_the_caller_may_not_see_or_that_is_gone(
    behind: RunningApi, shelf: Shelf, dataset: Make
) -> None:
    _, of_private = shelf.fill(dataset(Visibility.PRIVATE), Visibility.PRIVATE)
    _, of_public = shelf.fill(dataset(Visibility.PUBLIC))
    for path, status in ((of_private, 403), (of_public.replace("0123456789abcdef", "f" * 16), 404)):
        refused = behind.http.get(path)
        assert (refused.status_code, "X-Accel-Redirect" in refused.headers) == (status, False)
        assert refused.json()["error"]


def test_nginx_may_keep_public_answers_and_has_to_ask_each_time(
    behind: RunningApi, api: RunningApi, shelf: Shelf, dataset: Make
) -> None:
    public, private = dataset(Visibility.PUBLIC), dataset(Visibility.PRIVATE)
    shelf.fill(public)
    shelf.fill(private, Visibility.PRIVATE)
    for path in ("/splits", "/first-rows", "/rows", "/is-valid"):
        names = {"dataset": public} if path == "/splits" else {"dataset": public, **SPLIT}
        # It may be kept until the second 1 of 1970.
        assert behind.http.get(path, params=names).headers["X-Accel-Expires"] == "@1"
        assert "X-Accel-Expires" not in api.http.get(path, params=names).headers
        for parameters, status in (({**names, "dataset": private}, 200), ({**names, "dataset": "me/nope"}, 404)):
            other = behind.http.get(path, params=parameters, headers=ME)
            assert (other.status_code, "X-Accel-Expires" in other.headers) == (status, False)
