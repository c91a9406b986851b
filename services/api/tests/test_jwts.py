"""JWTs by which the Hub lets somebody read a dataset, and the keys that it publishes for them."""

import itertools
import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jwt
import pytest
from api.public_keys import load_keys
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hub.testing import eventually

from services.api.tests.odd_hub import OddHub
from services.api.tests.process import RunningApi, running_api
from services.api.tests.shelf import Shelf
from services.api.tests.tokens import Issuer

GOOD = (200, None)
REFUSED = (401, "ExternalUnauthenticatedError")


@pytest.fixture(scope="session")
def publisher() -> Iterator[OddHub]:
    """A place where the Hub publishes its keys."""
    with OddHub().listening() as publisher:
        yield publisher


@pytest.fixture(scope="session")
def checking(environment: dict[str, str], listening_odd_hub: OddHub, publisher: OddHub) -> Iterator[RunningApi]:
    """An api with one given key, and the address of others; it remembers nothing of a caller."""
    settings = {"HF_JWT_PUBLIC_KEY_URL": publisher.url + "/keys", "HF_ENDPOINT": listening_odd_hub.url}
    with running_api({**environment, **settings, "AUTH_MEMORY_SECONDS": "0"}) as api:
        yield api


@pytest.fixture
def name(shelf: Shelf, numbers: "itertools.count[int]") -> str:
    name = f"acme/granted-{next(numbers)}"
    shelf.fill(name)
    return name


def ask(api: RunningApi, name: str, token: str, **headers: str) -> tuple[int, str | None]:
    answer = api.http.get("/splits", params={"dataset": name}, headers={"X-Api-Key": token, **headers})
    assert token not in answer.text
    return answer.status_code, answer.headers.get("X-Error-Code")


def publish(publisher: OddHub, *issuers: Issuer) -> None:
    publisher.reset()
    publisher.body = json.dumps({"keys": [issuer.jwk for issuer in issuers]}).encode()


def test_a_good_token_asks_nobody(checking: RunningApi, odd_hub: OddHub, issuer: Issuer, name: str) -> None:
    odd_hub.status = 401
    for claims in (
        {},
        {"exp": 10**400},
        {"sub": f"/datasets/{name}"},
        {"permissions": {"repo.write": True, "repo.read": False}},
    ):
        assert ask(checking, name, issuer.token(name, **claims)) == GOOD
    assert ask(checking, name, "jwt:" + issuer.token(name)) == GOOD
    assert not odd_hub.asked


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": None},
        {"exp": "soon"},
        {"exp": float("inf")},
        {"sub": None},
        {"sub": 7},
        {"nbf": 99999999999},
    ],
)
def test_a_token_that_makes_no_sense_is_refused(
    checking: RunningApi, odd_hub: OddHub, issuer: Issuer, name: str, claims: dict[str, Any]
) -> None:
    said = {"sub": f"datasets/{name}", "exp": time.time() + 60, "permissions": {"repo.read": True}, **claims}
    kept = {claim: value for claim, value in said.items() if value is not None}
    if kept.get("sub") == 7:
        token = jwt.api_jws.encode(json.dumps(kept).encode(), issuer.key, algorithm="EdDSA")
    else:
        token = jwt.encode(kept, issuer.key, algorithm="EdDSA")
    assert ask(checking, name, token) == REFUSED
    assert not odd_hub.asked


@pytest.mark.parametrize(
    "claims",
    [
        {"permissions": {}},
        {"permissions": ["repo.read"]},
        {"permissions": {"repo.read": "true"}},
        {"permissions": {"repo.admin": True}},
        {"sub": "models/acme/granted"},
        {"sub": "acme/granted"},
        {"sub": "datasets/"},
    ],
)
def test_a_token_that_allows_no_reading_of_the_dataset_is_as_none(
    checking: RunningApi, odd_hub: OddHub, issuer: Issuer, name: str, claims: dict[str, Any]
) -> None:
    assert ask(checking, name, issuer.token(name, **claims), Authorization="Bearer hf_me") == GOOD
    odd_hub.status = 404
    refused = ask(checking, name, issuer.token(name, **claims), Authorization="Bearer hf_stranger")
    assert refused == (404, "ExternalAuthenticatedError")
    assert [headers.get("authorization") for _, headers in odd_hub.asked] == ["Bearer hf_me", "Bearer hf_stranger"]


@pytest.mark.parametrize("algorithm", ["none", "HS256"])
def test_only_signatures_with_the_hubs_kind_of_key_count(
    checking: RunningApi, issuer: Issuer, name: str, algorithm: str
) -> None:
    claims = {"sub": f"datasets/{name}", "exp": time.time() + 60, "permissions": {"repo.read": True}}
    # What would hold if the public key were taken for a shared secret.
    secret = "" if algorithm == "none" else issuer.pem.replace("PUBLIC", "")
    assert ask(checking, name, jwt.encode(claims, secret, algorithm=algorithm)) == REFUSED


def test_published_keys_are_found_when_they_are_new_and_are_not_asked_for_each_time(
    environment: dict[str, str], publisher: OddHub, odd_hub: OddHub, issuer: Issuer, name: str
) -> None:
    first, second = Issuer(), Issuer()
    publish(publisher, first)
    settings = {"HF_JWT_PUBLIC_KEY_URL": publisher.url + "/keys", "HF_ENDPOINT": odd_hub.url}
    with running_api({**environment, **settings, "AUTH_MEMORY_SECONDS": "0"}) as api:
        assert [ask(api, name, first.token(name)) for _ in range(5)] == [GOOD] * 5
        assert len(publisher.asked) == 1
        publish(publisher, first, second)
        # A flood of tokens with unknown keys is no flood of requests for keys.
        eventually(lambda: ask(api, name, second.token(name)) == GOOD, seconds=20)
        assert len(publisher.asked) == 1
        assert ask(api, name, first.token(name)) == GOOD
        assert ask(api, name, issuer.token(name)) == GOOD


def test_while_the_keys_can_not_be_had_it_is_not_said_that_a_token_is_bad(
    environment: dict[str, str], publisher: OddHub, odd_hub: OddHub, issuer: Issuer, name: str
) -> None:
    publish(publisher)
    publisher.status = 500
    settings = {"HF_JWT_PUBLIC_KEY_URL": publisher.url + "/keys", "HF_ENDPOINT": odd_hub.url}
    with running_api({**environment, **settings}) as api:
        assert ask(api, name, Issuer().token(name)) == (503, "AuthCheckHubRequestError")
        assert ask(api, name, issuer.token(name)) == GOOD


def test_who_has_a_token_of_a_known_key_does_not_wait_for_others(
    environment: dict[str, str], publisher: OddHub, odd_hub: OddHub, issuer: Issuer, name: str
) -> None:
    publish(publisher)
    publisher.released.clear()
    settings = {"HF_JWT_PUBLIC_KEY_URL": publisher.url + "/keys", "HF_ENDPOINT": odd_hub.url}
    with running_api({**environment, **settings}) as api, ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(ask, api, name, Issuer().token(name))
        eventually(lambda: publisher.asked)
        assert ask(api, name, issuer.token(name)) == GOOD
        assert not waiting.done()
        publisher.released.set()
        assert waiting.result(20) in (REFUSED, (503, "AuthCheckHubRequestError"))


def test_a_token_ends_when_it_says_so_though_its_bearer_is_remembered(
    api: RunningApi, issuer: Issuer, name: str
) -> None:
    token = issuer.token(name, seconds=2)
    assert ask(api, name, token) == GOOD
    eventually(lambda: ask(api, name, token) == REFUSED)


def test_a_key_of_another_kind_is_no_key(issuer: Issuer) -> None:
    other = generate_private_key(SECP256R1()).public_key()
    pem = other.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    assert len(load_keys(issuer.pem + Issuer().pem)) == 2
    assert len(load_keys(issuer.pem.replace("\n", "\\n") + ",\n" + issuer.pem)) == 2
    bad: list[Callable[[], object]] = [
        lambda: load_keys(pem),
        lambda: load_keys(issuer.pem + "more"),
        lambda: load_keys("no key"),
        lambda: load_keys("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----"),
    ]
    for load in bad:
        with pytest.raises(ValueError):  # noqa: PT011 - what it says is for nobody
            load()
