"""The parts with many cases, one by one: names, ranges, cards and events."""

import json

import pytest
import yaml
from hub.byte_range import UnsatisfiableRangeError, parse_range
from hub.card import CardError, parse_card
from hub.events import next_event
from hub.names import is_legal_path, is_legal_repo
from hub.state import State
from huggingface_hub.errors import HFValidationError
from huggingface_hub.utils._validators import validate_repo_id
from hypothesis import given
from hypothesis import strategies as st


@given(st.text("aZ0._-/é ", max_size=12) | st.from_regex(r"[a-c.\-_]{1,5}/[a-c.\-_]{1,5}(\.git)?", fullmatch=True))
def test_a_name_that_is_legal_here_is_legal_for_the_client(name: str) -> None:
    if is_legal_repo(name):
        validate_repo_id(name)


@pytest.mark.parametrize("name", ["a/b", "_a/b_", "A.b-c_d/0", "x/" + "y" * 96])
def test_names_the_client_takes_are_legal(name: str) -> None:
    validate_repo_id(name)
    assert is_legal_repo(name)


@pytest.mark.parametrize(
    "name", ["a", "a/", "/a", "a/b/c", "a/.b", "a/b-", "a/b--c", "a/b..c", "a/b.git", "a/é", "a/" + "y" * 97]
)
def test_names_that_are_not_legal(name: str) -> None:
    assert not is_legal_repo(name)
    if name.count("/") == 1 and name.strip("/") == name:
        with pytest.raises(HFValidationError):
            validate_repo_id(name)


@given(st.lists(st.sampled_from(["a", "b c", "é", "..", ".", "", "\0", "\n", ".x", "\ud800"]), max_size=4))
def test_a_legal_path_stays_where_it_is(segments: list[str]) -> None:
    legal = bool(segments) and not set(segments) & {"..", ".", "", "\0", "\n", "\ud800"}
    assert is_legal_path("/".join(segments)) is legal


@given(st.binary(max_size=40), st.integers(0, 50), st.integers(0, 50))
def test_a_range_is_the_slice_it_says(content: bytes, first: int, last: int) -> None:
    try:
        part = parse_range(f"bytes={first}-{last}", len(content))
    except UnsatisfiableRangeError:
        assert first >= len(content)
        return
    if part is None:
        assert last < first
    else:
        assert content[slice(*part)] == content[first : last + 1]


@given(
    st.recursive(st.none() | st.booleans() | st.floats() | st.text(), lambda inner: st.dictionaries(st.text(), inner))
)
def test_a_card_becomes_json(value: object) -> None:
    card = parse_card(f"---\n{yaml.safe_dump({'key': value})}\n---\ntext")
    json.dumps(card, allow_nan=False)


@pytest.mark.parametrize("content", ["", "no card", "---\nnever: closed", "---\n---\n", "text\n---\na: 1\n---\n"])
def test_a_readme_without_a_card_has_an_empty_one(content: str) -> None:
    assert parse_card(content) == {}


def test_a_card_that_stands_for_too_much_is_refused() -> None:
    lines = ["a0: &a0 x"] + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    for card in ("\n".join(lines), "a: &a [*a]", "[" * 5000):
        with pytest.raises(CardError):
            parse_card(f"---\n{card}\n---\n")


STATES = st.none() | st.builds(
    State,
    st.sampled_from(["1" * 40, "2" * 40]),
    st.booleans(),
    st.sampled_from(["auto", "manual", False]),
    st.booleans(),
)


@given(STATES, STATES, st.sampled_from([None, "acme/y"]))
def test_events_lead_from_what_was_told_to_what_is(told: State | None, now: State | None, moved_to: str | None) -> None:
    scopes = []
    while (event := next_event("acme/x", told, now, moved_to)) is not None:
        payload = event.payload("http://hub", "id")
        assert isinstance(payload["event"], dict)
        scopes.append(payload["event"]["scope"])
        assert ("movedTo" in payload) is (event.after is None and moved_to is not None)
        told = event.after
        assert len(scopes) <= 2
    assert told == now
    # What is closed is closed before anything new is told.
    assert scopes in ([], ["repo"], ["repo.config"], ["repo.content"], ["repo.config", "repo.content"])
