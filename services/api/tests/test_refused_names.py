"""A flood of names that nobody knows."""

import re
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest
from hub.testing import eventually
from libcache.schema import Visibility

from services.api.tests.odd_hub import OddHub
from services.api.tests.process import RunningApi, running_api
from services.api.tests.shelf import Shelf

PER_CLIENT, IN_ALL = 100, 1_000


@pytest.fixture
def flooded(environment: dict[str, str], odd_hub: OddHub) -> Iterator[RunningApi]:
    """An api behind one proxy of ours, with a Hub that knows nobody's datasets."""
    odd_hub.status = 404
    # A busy machine may hold a Hub's answer up for longer than anybody should wait for it.
    patient = {"API_REQUEST_SECONDS": "60", "HF_AUTH_TIMEOUT_SECONDS": "59"}
    with running_api({**environment, **patient, "HF_ENDPOINT": odd_hub.url, "TRUSTED_PROXIES": "1"}) as api:
        yield api


def ask(api: RunningApi, name: str, client: str = "192.0.2.1", path: str = "/splits") -> httpx2.Response:
    names = {"dataset": name, "config": "default", "split": "train"}
    return api.http.get(path, params=names, headers={"X-Forwarded-For": client})


def ask_for(api: RunningApi, names: list[str], client: str = "192.0.2.1") -> list[int]:
    with ThreadPoolExecutor(8) as pool:
        return [answer.status_code for answer in pool.map(lambda name: ask(api, name, client), names)]


def test_a_client_that_makes_names_up_is_told_to_stop_and_may_go_on_with_what_is_known(
    flooded: RunningApi, shelf: Shelf, odd_hub: OddHub
) -> None:
    shelf.fill("acme/known-in-the-flood")
    jobs = shelf.jobs.count_documents({})
    assert ask_for(flooded, [f"flood/{n}" for n in range(PER_CLIENT)]) == [404] * PER_CLIENT
    asked = len(odd_hub.asked)
    for path in ("/splits", "/first-rows", "/rows", "/is-valid"):
        refused = ask(flooded, "flood/one-more", path=path)
        assert (refused.status_code, refused.headers["X-Error-Code"]) == (429, "TooManyRequests")
        wait = int(refused.headers["Retry-After"])
        assert 0 < wait <= 61
        assert re.fullmatch(f'"client";r=0;t={wait}', refused.headers["RateLimit"])
        assert refused.headers["RateLimit-Policy"] == f'"client";q={PER_CLIENT};w=60'
        assert refused.headers["Cache-Control"] == "private, no-store"
    # The limit is the client's, whatever else it says of where it comes from.
    assert ask(flooded, "flood/one-more", "198.51.100.7, 192.0.2.1").status_code == 429
    assert len(odd_hub.asked) == asked
    assert ask(flooded, "flood/one-more", "192.0.2.2").status_code == 404
    odd_hub.status = 200
    assert ask(flooded, "acme/known-in-the-flood").status_code == 200
    assert shelf.jobs.count_documents({}) == jobs


def test_names_that_are_asked_for_at_once_do_not_pass_the_limit(flooded: RunningApi, odd_hub: OddHub) -> None:
    odd_hub.released.clear()
    addresses = [f"{flooded.url}/splits?dataset=flood/at-once-{n}" for n in range(150)]
    # Each over a connection of its own.
    everybody = httpx2.Limits(max_connections=len(addresses))
    with httpx2.Client(limits=everybody, timeout=60) as client, ThreadPoolExecutor(len(addresses)) as pool:
        asking = [pool.submit(client.get, address) for address in addresses]
        eventually(lambda: sum(answer.done() for answer in asking) == len(addresses) - PER_CLIENT)
        odd_hub.released.set()
    statuses = Counter(answer.result().status_code for answer in asking)
    assert statuses == {404: PER_CLIENT, 429: len(addresses) - PER_CLIENT}
    assert len(odd_hub.asked) == PER_CLIENT


def test_the_limit_does_not_tell_what_is_hidden_from_what_never_was(
    flooded: RunningApi, shelf: Shelf, odd_hub: OddHub
) -> None:
    shelf.fill("acme/hidden-in-the-flood", Visibility.PRIVATE)
    names = ("acme/hidden-in-the-flood", "acme/never-was")
    assert [ask(flooded, name).status_code for name in names] == [404, 404]
    ask_for(flooded, [f"flood/before-{n}" for n in range(PER_CLIENT)])
    refused = [ask(flooded, name, path=path) for name in names for path in ("/splits", "/first-rows", "/is-valid")]
    assert {answer.status_code for answer in refused} == {404}
    other = [ask(flooded, f"{name}-too") for name in names]
    assert {answer.status_code for answer in other} == {429}


def test_a_name_counts_for_each_token_that_it_is_tried_with(flooded: RunningApi, odd_hub: OddHub) -> None:
    def attempt(number: int) -> int:
        headers = {"Authorization": f"Bearer hf_{number}", "X-Forwarded-For": "192.0.2.1"}
        return flooded.http.get("/splits", params={"dataset": "flood/guessed"}, headers=headers).status_code

    assert [attempt(number) for number in range(PER_CLIENT + 1)] == [404] * PER_CLIENT + [429]
    assert len(odd_hub.asked) == PER_CLIENT


def test_one_name_counts_once_and_trouble_of_the_hub_does_not(flooded: RunningApi, odd_hub: OddHub) -> None:
    assert set(ask_for(flooded, ["flood/the-same"] * (PER_CLIENT + 20))) == {404}
    odd_hub.status = 500
    assert set(ask_for(flooded, [f"flood/trouble-{n}" for n in range(PER_CLIENT + 20)])) == {503}
    odd_hub.status = 404
    assert ask(flooded, "flood/another").status_code == 404


def test_many_clients_together_have_a_limit_too(flooded: RunningApi) -> None:
    for number in range(IN_ALL // PER_CLIENT):
        client = f"2001:db8:0:{number}::{number}"
        assert set(ask_for(flooded, [f"flood/of-{number}-{n}" for n in range(PER_CLIENT)], client)) == {404}
    # An address of the same network is the same client; a new client meets the limit of all.
    for client, policy in (("2001:db8:0:1::ffff", "client"), ("203.0.113.9", "all")):
        refused = ask(flooded, "flood/last", client)
        assert refused.status_code == 429
        assert refused.headers["RateLimit"].startswith(f'"{policy}";r=0;t=')
