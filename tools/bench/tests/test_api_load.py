"""The load of `bench api`, at the server that serves from memory."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from bench.api.exchange import Answer, Exchange, ask, request
from bench.api.from_memory import from_memory
from bench.api.load import load_for, load_of
from bench.errors import BenchError
from bench.queue.team import Team, team

LARGE, NOTHING = "large", "nothing"
ANSWERS = {
    LARGE: Answer(200, [("content-length", "1000000"), ("x-kind", "large")], bytes(1_000_000)),
    NOTHING: Answer(304, [("etag", '"1"')], b""),
}
EXCHANGES = [Exchange(name, request(name, "/", {}), ANSWERS[name].status, len(ANSWERS[name].body)) for name in ANSWERS]


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with from_memory(ANSWERS, 1) as port:
        yield port


@pytest.fixture(scope="module")
def client(mongo_url: str) -> Iterator[Team]:
    with team(mongo_url, 1) as client:
        yield client


def test_what_is_served_from_memory_is_what_the_api_answered(port: int) -> None:
    answer = ask(port, EXCHANGES[0].request)
    assert [(name.lower(), value) for name, value in answer.headers if name.lower() != "date"] == ANSWERS[LARGE].headers
    assert (answer.status, answer.body) == (200, ANSWERS[LARGE].body)


def test_a_load_takes_long_answers_and_those_without_a_body_in_turns(port: int, client: Team) -> None:
    load = load_of(client, port, EXCHANGES, 3, 20)
    assert load.rate > 0
    assert 0 < load.p50 <= load.p99
    assert load.client_cpu > 0


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (replace(EXCHANGES[0], size=999_999), "large is answered 200 and 1,000,000 bytes, not 200 and 999,999"),
        (replace(EXCHANGES[1], status=404), "nothing is answered 304 and 0 bytes, not 404 and 0"),
    ],
)
def test_a_wrong_answer_ends_it(port: int, client: Team, wrong: Exchange, said: str) -> None:
    with pytest.raises(BenchError, match=said):
        load_for(client, port, wrong, 2, 1.0)


def test_a_length_may_differ_by_its_slack(port: int, client: Team) -> None:
    assert load_for(client, port, replace(EXCHANGES[0], size=999_000, slack=1_000), 1, 0.01).rate > 0
