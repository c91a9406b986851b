"""A job asks the Hub, and whom the Hub names: no other server, however a library is brought to try it."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from services.worker.tests.reader.asking import WAYS
from services.worker.tests.stand_in import Reply, standing_in

PROGRAM = Path(__file__).parent / "asking.py"
GOOD = Reply(200, b"a\n1\n")


def ask(hub: str, *asked: tuple[str, str], **environment: str) -> list[str]:
    """What comes of each way to ask for a URL, in one process that may ask `hub`."""
    clean = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    done = subprocess.run(
        [sys.executable, str(PROGRAM), hub],
        check=True,
        input=json.dumps(asked),
        stdout=subprocess.PIPE,
        text=True,
        timeout=100,
        env={**clean, **environment},
    )
    outcomes: list[str] = json.loads(done.stdout)
    return outcomes


@contextmanager
def listening() -> Iterator[tuple[str, list[str]]]:
    """A server, and the paths that it was asked for."""
    asked: list[str] = []

    def reply(path: str) -> Reply:
        asked.append(path)
        return GOOD

    with standing_in(reply) as address:
        yield address, asked


def redirecting_to(address: str) -> Callable[[str], Reply]:
    return lambda path: Reply(302, headers={"Location": f"{address}{path}"})


def test_no_way_leads_to_another_server() -> None:
    with listening() as (hub, _), listening() as (trap, asked):
        outcomes = dict(zip(WAYS, ask(hub, *[(way, f"{trap}/{way}") for way in WAYS]), strict=True))
    # Looking up what is the Hub's address too asks nobody.
    assert {way for way, outcome in outcomes.items() if outcome == "done"} <= {"old lookup"}
    refused = {way for way, outcome in outcomes.items() if "nothing is fetched from elsewhere" in outcome}
    assert refused | {"old lookup"} == set(WAYS), outcomes
    assert asked == []


def test_no_name_is_looked_up_but_the_hubs() -> None:
    elsewhere = "http://secret.example.invalid:80/"
    outcomes = ask("http://127.0.0.1:9", *[(way, elsewhere) for way in ("lookup", "old lookup", "urllib", "hub")])
    assert all("nothing is fetched from elsewhere" in outcome for outcome in outcomes)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_the_hub_may_be_asked_in_any_way(host: str) -> None:
    ways = ["hub", "httpx", "urllib", "pandas", "socket", "asyncio", "lookup"]
    with listening() as (address, _):
        hub = address.replace("127.0.0.1", host)
        assert ask(hub, *[(way, f"{hub}/file") for way in ways]) == ["done"] * len(ways)


def test_where_the_hub_redirects_to_may_be_asked() -> None:
    with listening() as (content, asked), standing_in(redirecting_to(content)) as hub:
        before, redirected, after = ask(hub, ("hub", f"{content}/0"), ("hub", f"{hub}/1"), ("hub", f"{content}/2"))
    assert "nothing is fetched from elsewhere" in before
    assert (redirected, after) == ("done", "done")
    assert asked == ["/1", "/2"]


def test_where_somebody_else_redirects_to_may_not_be_asked() -> None:
    with listening() as (trap, asked), standing_in(redirecting_to(trap)) as content:
        # By another name, for it is another host.
        elsewhere = content.replace("127.0.0.1", "localhost")
        with standing_in(redirecting_to(elsewhere)) as hub:
            (outcome,) = ask(hub, ("hub", f"{hub}/1"))
    assert "nothing is fetched from elsewhere" in outcome
    assert asked == []


def test_a_proxy_of_the_operators_is_asked_for_nothing_but_the_hub() -> None:
    with listening() as (proxy, asked):
        hub, elsewhere = "http://hub.example.invalid", "http://elsewhere.example.invalid"
        ways = [(way, f"{url}/x") for url in (hub, elsewhere) for way in ("hub", "urllib", "pandas")]
        outcomes = ask(hub, *ways, http_proxy=proxy)
    assert outcomes[:3] == ["done"] * 3
    assert all("nothing is fetched from elsewhere" in outcome for outcome in outcomes[3:])
    assert asked == [f"{hub}/x"] * 3
