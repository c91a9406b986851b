"""Who may read what: the Hub decides, with the caller's own credentials, or with a JWT that it gave out."""

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pytest
from hub.testing import RunningHub, eventually
from huggingface_hub import HfApi
from libcache.answers import AnswerKey, Kind
from libcache.schema import Visibility
from libcommon.errors import CodedError
from libqueue.model import JobKey

from services.api.tests.process import RunningApi
from services.api.tests.shelf import Shelf
from services.api.tests.tokens import Issuer

Make = Callable[..., str]
Headers = dict[str, str]
NOBODY: Headers = {}
ME = {"Authorization": "Bearer hf_me"}
CLIENTS = itertools.count()
PATHS = ("/splits", "/first-rows", "/rows", "/is-valid")
GONE = (Visibility.MOVED, Visibility.DISABLED, Visibility.MISSING)

UNAUTHENTICATED = (401, "ExternalUnauthenticatedError")
NOT_ALLOWED = (404, "ExternalAuthenticatedError")
RENAMED = (404, "RenamedDatasetError")
NOT_FOUND = (404, "DatasetNotFoundError")
NOT_READY = (503, "ResponseNotReady")
FORBIDDEN = (403, "AssetForbidden")
GOOD = (200, None)
Outcome = tuple[int, str | None]


@dataclass(frozen=True)
class Subject:
    """A dataset, as the Hub and the databases have it, and the path of an asset that it has or had."""

    name: str
    asset: str


@pytest.fixture
def subject(api: RunningApi, shelf: Shelf, hub: RunningHub, dataset: Make, kind: str) -> Subject:
    """A dataset of a kind, after the jobs for it have run."""
    owner = HfApi(hub.endpoint, token="hf_me")
    if kind == "missing":
        return Subject("me/nobody-has-this", "/assets/me/nobody-has-this/--/1/2/0123456789abcdef.png")
    name = dataset(Visibility(kind) if kind in ("private", "gated") else Visibility.PUBLIC)
    record = shelf.observe(name, Visibility(kind) if kind in ("private", "gated") else Visibility.PUBLIC)
    shelf.list_splits(record, {"default": ["train"]})
    asset, *_ = shelf.write_pictures(record)
    match kind:
        case "renamed":
            owner.move_repo(name, f"{name}-renamed", repo_type="dataset")
        case "disabled":
            change = hub.http.put(f"/api/datasets/{name}/settings", json={"disabled": True}, headers=ME)
            change.raise_for_status()
        case "deleted":
            owner.delete_repo(name, repo_type="dataset")
    if kind in ("renamed", "disabled", "deleted"):
        gone = {"renamed": Visibility.MOVED, "disabled": Visibility.DISABLED, "deleted": Visibility.MISSING}[kind]
        error = CodedError("DatasetNotFoundError", "The dataset is not on the Hub.")
        shelf.write_error(shelf.observe(name, gone, None), AnswerKey(Kind.SPLITS, name), error)
    return Subject(name, asset)


def as_header(token: str) -> Headers:
    return {"Authorization": f"Bearer {token}"}


def as_cookie(token: str) -> Headers:
    return {"Cookie": f"theme=dark; token={token}"}


def as_api_key(token: str) -> Headers:
    return {"X-Api-Key": token}


def as_jwt_header(token: str) -> Headers:
    return {"Authorization": f"Bearer jwt:{token}"}


def outcomes(api: RunningApi, subject: Subject, headers: Mapping[str, str]) -> dict[str, Outcome]:
    """What a caller gets at every door; the asset's URL isn't signed."""
    names = {"dataset": subject.name, "config": "default", "split": "train"}
    # A client may be refused only so often.
    headers = {"X-Forwarded-For": f"192.0.2.{next(CLIENTS) % 250}", **headers}
    answers = {path: api.http.get(path, params=names, headers=headers) for path in PATHS}
    answers["/assets"] = api.http.get(subject.asset, headers=headers)
    for answer in answers.values():
        if answer.status_code != 200:
            assert isinstance(answer.json()["error"], str)
            assert answer.headers["Cache-Control"] == "private, no-store"
    return {path: (answer.status_code, answer.headers.get("X-Error-Code")) for path, answer in answers.items()}


def everywhere(outcome: Outcome, asset: Outcome, is_valid: Outcome | None = None) -> dict[str, Outcome]:
    return {**dict.fromkeys(PATHS, outcome), "/is-valid": is_valid or outcome, "/assets": asset}


# For who sends nothing; who may read it, or could; another user of the Hub; who sends what the Hub doesn't know.
BY_TOKEN = {
    "public": (GOOD, GOOD, GOOD, UNAUTHENTICATED),
    "gated": (UNAUTHENTICATED, GOOD, NOT_ALLOWED, UNAUTHENTICATED),
    "private": (UNAUTHENTICATED, GOOD, NOT_ALLOWED, UNAUTHENTICATED),
    "renamed": (RENAMED, RENAMED, RENAMED, UNAUTHENTICATED),
    "disabled": (NOT_ALLOWED, NOT_ALLOWED, NOT_ALLOWED, UNAUTHENTICATED),
    "deleted": (UNAUTHENTICATED, NOT_ALLOWED, NOT_ALLOWED, UNAUTHENTICATED),
    "missing": (UNAUTHENTICATED, NOT_ALLOWED, NOT_ALLOWED, UNAUTHENTICATED),
}


@pytest.mark.parametrize("sent", [as_header, as_cookie])
@pytest.mark.parametrize("kind", BY_TOKEN)
def test_the_hub_decides_for_every_door_by_the_callers_own_credentials(
    api: RunningApi, subject: Subject, kind: str, sent: Callable[[str], Headers]
) -> None:
    nobody, good, others, unknown = BY_TOKEN[kind]
    callers = [
        (NOBODY, nobody),
        (sent("hf_me"), good),
        (sent("hf_stranger"), others),
        (sent("hf_nobodys"), unknown),
        (sent("not a token at all"), unknown),
    ]
    for headers, outcome in callers:
        asset = outcome if kind == "public" else FORBIDDEN
        assert outcomes(api, subject, headers) == everywhere(outcome, asset), headers


@pytest.mark.parametrize("sent", [as_api_key, as_jwt_header])
@pytest.mark.parametrize("kind", BY_TOKEN)
def test_a_jwt_opens_every_door_of_its_own_dataset(
    api: RunningApi, subject: Subject, issuer: Issuer, kind: str, sent: Callable[[str], Headers]
) -> None:
    nobody = BY_TOKEN[kind][0]
    # Who has it is told by what is known here: the Hub isn't asked.
    good, is_valid = {"missing": (NOT_READY, GOOD)}.get(
        kind, (NOT_FOUND, GOOD) if kind in ("renamed", "disabled", "deleted") else (GOOD, GOOD)
    )
    name = subject.name
    callers = [
        (issuer.token("me/another"), nobody, None),
        (issuer.token(name, permissions={"repo.content.read": False}), nobody, None),
        (issuer.token(name), good, is_valid),
        (issuer.token(name, seconds=-10), UNAUTHENTICATED, None),
        (Issuer().token(name), UNAUTHENTICATED, None),
        (issuer.token(name)[:-5], UNAUTHENTICATED, None),
        ("no.jwt.at-all", UNAUTHENTICATED, None),
    ]
    for token, outcome, valid in callers:
        asset = outcome if kind == "public" else FORBIDDEN
        assert outcomes(api, subject, sent(token)) == everywhere(outcome, asset, valid), (token, outcome)


@pytest.mark.parametrize("kind", ["public"])
@pytest.mark.parametrize("change", ["private", "gated", "disabled", "deleted", "renamed"])
def test_a_change_of_visibility_holds_for_every_caller_and_door_within_ten_seconds(
    api: RunningApi, shelf: Shelf, hub: RunningHub, subject: Subject, issuer: Issuer, change: str
) -> None:
    name = subject.name
    callers = [NOBODY, ME, as_cookie("hf_me"), as_header("hf_stranger"), as_cookie("hf_stranger")]
    callers.append(as_api_key(issuer.token(name)))
    for headers in callers:
        assert outcomes(api, subject, headers) == everywhere(GOOD, GOOD)
    owner, event = HfApi(hub.endpoint, token="hf_me"), {"action": "update", "scope": "repo.config"}
    payload: dict[str, object] = {"repo": {"type": "dataset", "name": name}}
    match change:
        case "private":
            owner.update_repo_settings(name, private=True, repo_type="dataset")
            payload["updatedConfig"] = {"private": True}
        case "gated":
            owner.update_repo_settings(name, gated="auto", repo_type="dataset")
            payload["updatedConfig"] = {}
        case "disabled":
            hub.http.put(f"/api/datasets/{name}/settings", json={"disabled": True}, headers=ME).raise_for_status()
            payload["updatedConfig"] = {"disabled": True}
        case "deleted":
            owner.delete_repo(name, repo_type="dataset")
            event = {"action": "delete", "scope": "repo"}
        case "renamed":
            owner.move_repo(name, f"{name}-renamed", repo_type="dataset")
            event = {"action": "move", "scope": "repo"}
            payload["movedTo"] = {"name": f"{name}-renamed"}
    secret = {"X-Webhook-Secret": "the webhook's secret"}
    assert api.http.post("/webhook", json={"event": event, **payload}, headers=secret).status_code == 202
    nobody, good, others, _ = BY_TOKEN[change]
    # Nothing is known of it until the job has run: who may see it is told to wait, and nobody gets what was there.
    ready = everywhere(NOT_READY, FORBIDDEN, GOOD) if good == GOOD else everywhere(good, FORBIDDEN)
    # Gated is not said by an event's payload, so it isn't closed before the job has run.
    if change == "gated":
        ready = everywhere(GOOD, GOOD)
    by_caller = [everywhere(nobody, FORBIDDEN), ready, ready, *[everywhere(others, FORBIDDEN)] * 2]
    by_caller.append(everywhere(GOOD, GOOD) if change == "gated" else everywhere(NOT_READY, FORBIDDEN, GOOD))
    if change == "gated":
        by_caller[0], by_caller[3], by_caller[4] = everywhere(nobody, nobody), *[everywhere(others, others)] * 2
    for headers, expected in zip(callers, by_caller, strict=True):
        eventually(lambda headers=headers, expected=expected: outcomes(api, subject, headers) == expected)  # type: ignore[misc]


@pytest.mark.parametrize("kind", ["private"])
def test_what_becomes_public_is_so_for_everybody(
    api: RunningApi, shelf: Shelf, hub: RunningHub, subject: Subject
) -> None:
    assert outcomes(api, subject, NOBODY) == everywhere(UNAUTHENTICATED, FORBIDDEN)
    HfApi(hub.endpoint, token="hf_me").update_repo_settings(subject.name, private=False, repo_type="dataset")
    shelf.observe(subject.name)
    eventually(lambda: outcomes(api, subject, NOBODY) == everywhere(GOOD, GOOD))


def test_what_was_deleted_without_a_word_is_gone_as_soon_as_the_hub_says_so(
    api: RunningApi, shelf: Shelf, dataset: Make
) -> None:
    name = dataset(Visibility.MISSING)
    _, asset = shelf.fill(name)
    subject = Subject(name, asset)
    assert outcomes(api, subject, NOBODY) == everywhere(UNAUTHENTICATED, UNAUTHENTICATED)
    assert outcomes(api, subject, ME) == everywhere(NOT_ALLOWED, NOT_ALLOWED)


def test_a_refused_caller_queues_nothing(api: RunningApi, shelf: Shelf, dataset: Make) -> None:
    for visibility in (Visibility.PRIVATE, Visibility.MISSING):
        name = dataset(visibility)
        subject = Subject(name, f"/assets/{name}/--/1/2/0123456789abcdef.png")
        assert outcomes(api, subject, NOBODY) == everywhere(UNAUTHENTICATED, FORBIDDEN)
        assert outcomes(api, subject, as_header("hf_stranger")) == everywhere(NOT_ALLOWED, FORBIDDEN)
        assert shelf.job(JobKey("datasets", name)) is None


@pytest.mark.parametrize("visibility", [each for each in Visibility if each is not Visibility.PUBLIC])
def test_without_an_auth_check_only_what_is_known_to_be_public_is_served(
    public_api: RunningApi, shelf: Shelf, issuer: Issuer, visibility: Visibility
) -> None:
    name = f"unchecked/{visibility.value}"
    _, asset = shelf.fill(name, visibility)
    for headers in (NOBODY, ME, as_api_key(issuer.token(name))):
        assert outcomes(public_api, Subject(name, asset), headers) == everywhere(NOT_ALLOWED, FORBIDDEN)


def test_without_an_auth_check_the_public_is_served_and_the_unknown_is_not_queued(
    public_api: RunningApi, shelf: Shelf
) -> None:
    _, asset = shelf.fill("unchecked/open")
    assert outcomes(public_api, Subject("unchecked/open", asset), NOBODY) == everywhere(GOOD, GOOD)
    unknown = Subject("unchecked/unknown", "/assets/unchecked/unknown/--/1/2/0123456789abcdef.png")
    assert outcomes(public_api, unknown, ME) == everywhere(NOT_ALLOWED, FORBIDDEN)
    assert shelf.job(JobKey("datasets", "unchecked/unknown")) is None


def test_what_the_hub_said_before_a_dataset_was_closed_does_not_count_after_it(
    api: RunningApi, shelf: Shelf, hub: RunningHub, dataset: Make
) -> None:
    name = dataset(Visibility.PUBLIC)
    subject = Subject(name, shelf.fill(name)[1])
    assert outcomes(api, subject, NOBODY) == everywhere(GOOD, GOOD)
    HfApi(hub.endpoint, token="hf_me").update_repo_settings(name, private=True, repo_type="dataset")
    shelf.records.close_if_more_open_than_private(name)
    subject = Subject(name, shelf.fill(name, Visibility.PRIVATE)[1])
    eventually(lambda: outcomes(api, subject, NOBODY) == everywhere(UNAUTHENTICATED, FORBIDDEN))


@pytest.mark.parametrize("path", ["/splits", "/first-rows", "/rows"])
def test_a_blocked_dataset_is_said_to_be_so_only_to_those_who_may_read_it(
    api: RunningApi, shelf: Shelf, dataset: Make, path: str
) -> None:
    for visibility, stranger in ((Visibility.PUBLIC, "DatasetBlockedError"), (Visibility.PRIVATE, "")):
        name = dataset(visibility)
        shelf.list_splits(shelf.observe(name, visibility), {"default": ["train"]})
        assert shelf.records.block(name)
        asked = {"dataset": name, "config": "default", "split": "train"}
        answer = api.http.get(path, params=asked, headers=ME)
        assert (answer.status_code, answer.headers["X-Error-Code"]) == (403, "DatasetBlockedError")
        assert answer.headers["Cache-Control"].startswith("private" if visibility is Visibility.PRIVATE else "max-age")
        stranger = stranger or "ExternalUnauthenticatedError"
        assert api.http.get(path, params=asked).headers["X-Error-Code"] == stranger
        assert shelf.jobs.find_one({"dataset": name}) is None
