"""The auth check itself, with a Hub that does what the test wants."""

import itertools
import re
import time
from collections.abc import Iterator
from http.client import HTTPConnection

import httpx2
import pytest
from hub.testing import eventually

from services.api.tests.odd_hub import OddHub
from services.api.tests.process import RunningApi, running_api
from services.api.tests.shelf import Shelf

ME = {"Authorization": "Bearer hf_me"}
# A refusal, at most.
REMEMBERED_SECONDS = 0.5


@pytest.fixture(scope="session")
def checked(environment: dict[str, str], listening_odd_hub: OddHub) -> Iterator[RunningApi]:
    """An api that asks the odd Hub, and remembers for 10 s."""
    settings = {"HF_AUTH_TIMEOUT_SECONDS": "3", "AUTH_MEMORY_SECONDS": "10"}
    with running_api({**environment, **settings, "HF_ENDPOINT": listening_odd_hub.url + "/"}) as api:
        yield api


@pytest.fixture(scope="session")
def forgetful(environment: dict[str, str], listening_odd_hub: OddHub) -> Iterator[RunningApi]:
    """One that remembers nothing."""
    settings = {"HF_ENDPOINT": listening_odd_hub.url, "AUTH_MEMORY_SECONDS": "0"}
    with running_api({**environment, **settings}) as api:
        yield api


@pytest.fixture
def name(shelf: Shelf, numbers: "itertools.count[int]") -> str:
    """A dataset with answers, of which nothing is remembered."""
    name = f"acme/checked-{next(numbers)}"
    shelf.fill(name)
    return name


def ask(api: RunningApi, name: str, headers: dict[str, str] | None = None) -> httpx2.Response:
    return api.http.get("/splits", params={"dataset": name}, headers=headers)


def code_of(response: httpx2.Response) -> tuple[int, str | None]:
    return response.status_code, response.headers.get("X-Error-Code")


def test_the_hub_is_asked_with_the_callers_own_credentials_and_with_nothing_else_of_them(
    checked: RunningApi, odd_hub: OddHub, name: str
) -> None:
    assert ask(checked, name, {**ME, "Cookie": "token=hf_cookie", "X-Other": "other"}).status_code == 200
    ((path, headers),) = odd_hub.asked
    assert path == f"/api/datasets/{name}/auth-check"
    assert (headers["authorization"], headers["cookie"]) == ("Bearer hf_me", "token=hf_cookie")
    assert "x-other" not in headers
    assert ask(checked, name).status_code == 200
    assert not {"authorization", "cookie"} & odd_hub.asked[1][1].keys()


def test_a_cookie_that_the_hub_sets_for_one_caller_does_not_go_out_for_the_next(
    forgetful: RunningApi, odd_hub: OddHub, name: str
) -> None:
    odd_hub.headers = {"Set-Cookie": "token=hf_of_the_first; Path=/"}
    ask(forgetful, name, ME)
    ask(forgetful, name)
    assert "cookie" not in odd_hub.asked[1][1]


def test_what_the_hub_said_holds_for_the_same_caller_and_dataset_only(
    checked: RunningApi, odd_hub: OddHub, name: str
) -> None:
    for _ in range(3):
        ask(checked, name, ME)
    assert len(odd_hub.asked) == 1
    ask(checked, name, {"Authorization": "Bearer hf_other"})
    ask(checked, name, {"Cookie": "Bearer hf_me"})
    ask(checked, name)
    ask(checked, name + "-too", ME)
    assert len(odd_hub.asked) == 5


def test_a_refusal_is_remembered_too_and_trouble_is_not(checked: RunningApi, odd_hub: OddHub, name: str) -> None:
    odd_hub.status = 500
    assert ask(checked, name).status_code == 503
    assert len(odd_hub.asked) == 1
    for attempt in range(10):
        begun = time.monotonic()
        odd_hub.status = 404
        assert ask(checked, f"{name}-{attempt}").status_code == 404
        odd_hub.status = 200
        if ask(checked, f"{name}-{attempt}").status_code == 404:
            break
        # A busy machine may need longer for the two than a refusal is remembered.
        assert time.monotonic() - begun > REMEMBERED_SECONDS
    assert len(odd_hub.asked) == 2 * (attempt + 1)


def operations(api: RunningApi) -> float:
    """How many it has sent to Mongo so far."""
    (count,) = re.findall(r"^api_mongo_operations (.*)$", api.http.get("/metrics").text, re.MULTILINE)
    return float(count)


def test_equal_checks_in_flight_are_made_once(forgetful: RunningApi, odd_hub: OddHub, name: str) -> None:
    odd_hub.released.clear()
    before = operations(forgetful)
    asking = [HTTPConnection("127.0.0.1", forgetful.port, timeout=20) for _ in range(10)]
    for number, connection in enumerate(asking):
        # Requests that differ, so that they don't share an answer, from callers who are equal.
        connection.request("GET", f"/splits?dataset={name}", headers={"Accept-Encoding": f"x{number}"})
    # Each has to read the dataset's record first; when a later read has been answered, theirs have too.
    eventually(lambda: operations(forgetful) >= before + len(asking))
    forgetful.http.get("/valid", params={"cursor": name}).raise_for_status()
    odd_hub.released.set()
    assert [connection.getresponse().status for connection in asking] == [200] * len(asking)
    assert len(odd_hub.asked) == 1
    for connection in asking:
        connection.close()
    assert ask(forgetful, name).status_code == 200
    assert len(odd_hub.asked) == 2


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (401, (401, "ExternalUnauthenticatedError")),
        (403, (404, "ExternalAuthenticatedError")),
        (404, (404, "ExternalAuthenticatedError")),
        (201, (503, "AuthCheckHubRequestError")),
        (204, (503, "AuthCheckHubRequestError")),
        (302, (503, "AuthCheckHubRequestError")),
        (400, (503, "AuthCheckHubRequestError")),
        (418, (503, "AuthCheckHubRequestError")),
        (429, (503, "AuthCheckHubRequestError")),
        (500, (503, "AuthCheckHubRequestError")),
    ],
)
def test_each_status_of_the_hub_has_its_answer(
    forgetful: RunningApi, odd_hub: OddHub, status: int, code: tuple[int, str], name: str
) -> None:
    odd_hub.status = status
    odd_hub.headers = {"Location": "/login"} if status == 302 else {}
    odd_hub.body = b"" if status == 204 else b"{}"
    response = ask(forgetful, name, ME)
    assert code_of(response) == code
    assert ("Retry-After" in response.headers) == (code[0] == 503)
    assert response.headers["Cache-Control"] == "private, no-store"


@pytest.mark.parametrize("status", [301, 307, 308])
def test_a_dataset_with_another_name_is_not_served_and_the_new_name_is_said(
    forgetful: RunningApi, odd_hub: OddHub, status: int, name: str
) -> None:
    odd_hub.status = status
    for location in (f"{odd_hub.url}/api/datasets/new/na-me/auth-check", "/api/datasets/new%2Fna%2Dme/auth-check?x=1"):
        odd_hub.headers = {"Location": location}
        response = ask(forgetful, name)
        assert code_of(response) == (404, "RenamedDatasetError")
        assert "new/na-me" in response.json()["error"]
    assert len(odd_hub.asked) == 2, "a redirect must not be followed"


@pytest.mark.parametrize(
    "location",
    ["", "/", "/api/datasets/../x/auth-check", "/api/datasets/%ff/auth-check", "http://[/auth-check"]
    + ["/api/datasets/<b>x</b>/auth-check", "/api/datasets/new/name", "/api/datasets//auth-check"],
)
def test_a_new_name_that_is_none_is_not_repeated(
    forgetful: RunningApi, odd_hub: OddHub, location: str, name: str
) -> None:
    odd_hub.status, odd_hub.headers = 307, {"Location": location}
    response = ask(forgetful, name)
    assert code_of(response) == (404, "RenamedDatasetError")
    assert "another name" in response.json()["error"]


def test_a_redirect_to_the_same_name_is_trouble_of_the_hub(forgetful: RunningApi, odd_hub: OddHub, name: str) -> None:
    odd_hub.status, odd_hub.headers = 308, {"Location": f"https://elsewhere/api/datasets/{name}/auth-check"}
    assert code_of(ask(forgetful, name)) == (503, "AuthCheckHubRequestError")


def test_a_hub_that_is_too_slow_is_trouble_of_the_hub(checked: RunningApi, odd_hub: OddHub, name: str) -> None:
    odd_hub.released.clear()
    response = ask(checked, name)
    assert code_of(response) == (503, "AuthCheckHubRequestError")
    odd_hub.released.set()
    assert ask(checked, name).status_code == 200


def test_a_hub_that_never_ends_its_answer_is_trouble_of_the_hub(
    checked: RunningApi, odd_hub: OddHub, name: str
) -> None:
    odd_hub.headers = {"Content-Length": "1000"}
    assert code_of(ask(checked, name)) == (503, "AuthCheckHubRequestError")


def test_a_hub_that_talks_too_much_is_not_listened_to(checked: RunningApi, odd_hub: OddHub, name: str) -> None:
    odd_hub.headers, odd_hub.body = {"Content-Length": str(10**12)}, b"x" * 1_000_000
    assert ask(checked, name).status_code == 200


def test_a_hub_that_is_down_is_trouble_of_the_hub(environment: dict[str, str], name: str) -> None:
    with OddHub().listening() as hub:
        gone = hub.url
    with running_api({**environment, "HF_ENDPOINT": gone}) as api:
        assert code_of(ask(api, name)) == (503, "AuthCheckHubRequestError")
        assert gone.removeprefix("http://") not in ask(api, name).text


def test_the_path_of_the_check_can_be_chosen(environment: dict[str, str], odd_hub: OddHub, name: str) -> None:
    settings = {"HF_ENDPOINT": odd_hub.url + "/hub/", "HF_AUTH_PATH": "/may-read?name=%s"}
    with running_api({**environment, **settings}) as api:
        assert ask(api, name).status_code == 200
    assert odd_hub.asked[0][0] == f"/hub/may-read?name={name}"
