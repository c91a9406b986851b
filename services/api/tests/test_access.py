"""Who may read what: the Hub decides, with the caller's own credentials."""

from collections.abc import Callable

import httpx2
import pytest
from hub.testing import RunningHub
from huggingface_hub import HfApi
from libcache.schema import Visibility
from libqueue.model import JobKey

from services.api.tests.process import RunningApi
from services.api.tests.shelf import Shelf

Make = Callable[..., str]
NOBODY: dict[str, str] = {}
STRANGER, ME = "hf_stranger", "hf_me"
PATHS = ("/splits", "/first-rows", "/rows", "/is-valid")
REFUSED = {401: "ExternalUnauthenticatedError", 404: "ExternalAuthenticatedError"}


def as_header(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def as_cookie(token: str) -> dict[str, str]:
    return {"Cookie": f"theme=dark; token={token}"}


def ask(api: RunningApi, path: str, dataset: str, headers: dict[str, str]) -> httpx2.Response:
    names = {"dataset": dataset, "config": "default", "split": "train"}
    return api.http.get(path, params={} if path.startswith("/assets/") else names, headers=headers)


@pytest.mark.parametrize("sent", [as_header, as_cookie])
@pytest.mark.parametrize(
    ("visibility", "nobody", "stranger", "me"),
    [
        (Visibility.PUBLIC, 200, 200, 200),
        (Visibility.PRIVATE, 401, 404, 200),
        (Visibility.GATED, 401, 404, 200),
        (Visibility.MISSING, 401, 404, 404),
    ],
)
def test_every_door_opens_to_whom_the_hub_lets_in_and_to_nobody_else(
    api: RunningApi,
    shelf: Shelf,
    dataset: Make,
    sent: Callable[[str], dict[str, str]],
    visibility: Visibility,
    nobody: int,
    stranger: int,
    me: int,
) -> None:
    name = dataset(visibility)
    # Everything is there, for a missing dataset too: what was stored before it was deleted must not come out.
    _, asset = shelf.fill(name, Visibility.PUBLIC if visibility is Visibility.MISSING else visibility)
    for headers, status in ((NOBODY, nobody), (sent(STRANGER), stranger), (sent(ME), me)):
        for path in (*PATHS, asset):
            response = ask(api, path, name, headers)
            assert response.status_code == status, (path, headers)
            if status != 200:
                assert response.headers["X-Error-Code"] == REFUSED[status]
                assert response.headers["Cache-Control"] == "private, no-store"


def test_a_token_that_is_nobodys_is_refused_even_for_what_is_public(
    api: RunningApi, shelf: Shelf, dataset: Make
) -> None:
    name = dataset(Visibility.PUBLIC)
    shelf.fill(name)
    response = ask(api, "/first-rows", name, as_header("hf_nobodys"))
    assert (response.status_code, response.headers["X-Error-Code"]) == (401, "ExternalUnauthenticatedError")


def test_a_refused_caller_queues_nothing(api: RunningApi, shelf: Shelf, dataset: Make) -> None:
    for visibility in (Visibility.PRIVATE, Visibility.MISSING):
        name = dataset(visibility)
        for path in PATHS:
            assert ask(api, path, name, NOBODY).status_code == 401
            assert ask(api, path, name, as_header(STRANGER)).status_code == 404
        assert shelf.job(JobKey("datasets", name)) is None


@pytest.mark.parametrize("visibility", [each for each in Visibility if each is not Visibility.PUBLIC])
def test_without_an_auth_check_only_what_is_known_to_be_public_is_served(
    public_api: RunningApi, shelf: Shelf, dataset: Make, visibility: Visibility
) -> None:
    name = f"unchecked/{visibility.value}"
    _, asset = shelf.fill(name, visibility)
    for path in (*PATHS, asset):
        for headers in (NOBODY, as_header(ME)):
            response = ask(public_api, path, name, headers)
            assert (response.status_code, response.headers["X-Error-Code"]) == (404, "ExternalAuthenticatedError")
            assert response.headers["Cache-Control"] == "private, no-store"


def test_without_an_auth_check_the_public_is_served_and_the_unknown_is_not_queued(
    public_api: RunningApi, shelf: Shelf
) -> None:
    _, asset = shelf.fill("unchecked/open")
    for path in (*PATHS, asset):
        assert ask(public_api, path, "unchecked/open", NOBODY).status_code == 200
    for path in PATHS:
        assert ask(public_api, path, "unchecked/unknown", as_header(ME)).status_code == 404
    assert shelf.job(JobKey("datasets", "unchecked/unknown")) is None


def test_what_the_hub_said_before_a_dataset_was_closed_does_not_count_after_it(
    api: RunningApi, shelf: Shelf, hub: RunningHub, dataset: Make
) -> None:
    name = dataset(Visibility.PUBLIC)
    shelf.fill(name)
    assert ask(api, "/first-rows", name, NOBODY).status_code == 200
    HfApi(hub.endpoint, token=ME).update_repo_settings(name, private=True, repo_type="dataset")
    shelf.records.close_if_more_open_than_private(name)
    _, asset = shelf.fill(name, Visibility.PRIVATE)
    for path in (*PATHS, asset):
        assert ask(api, path, name, NOBODY).status_code == 401
