from typing import Any

import pytest
from api.webhook_payload import Closing, Event, InvalidPayloadError, events_of
from hypothesis import given
from hypothesis import strategies as st
from libcommon.names import is_dataset_name

NAME = "acme/csv"
SHA = "c" * 40
CHANGED = [Event(NAME)]
HIDDEN = [Event(NAME, Closing.THE_PUBLIC)]
GONE = [Event(NAME, Closing.EVERYBODY)]


def version_3(
    action: str, scope: str = "repo", *, repo: dict[str, Any] | None = None, **members: Any
) -> dict[str, Any]:
    described = {"type": "dataset", "name": NAME, "id": "1", "private": False, "headSha": SHA, "tags": []}
    return {
        "event": {"action": action, "scope": scope},
        "repo": {**described, **(repo or {})},
        "webhook": {"id": "2", "version": 3},
        **members,
    }


def version_2(event: str, scope: str = "repo", *, repo: dict[str, Any] | None = None, **members: Any) -> dict[str, Any]:
    return {**version_3("update", repo=repo), "event": event, "scope": scope, **members}


def updated(*refs: str) -> list[dict[str, Any]]:
    return [{"ref": ref, "oldSha": None, "newSha": SHA} for ref in refs]


@pytest.mark.parametrize(
    ("payload", "events"),
    [
        (version_3("create"), CHANGED),
        (version_3("update"), CHANGED),
        (version_3("update", "repo.content", updatedRefs=updated("refs/heads/main")), CHANGED),
        (version_3("update", "repo.content", updatedRefs=updated("refs/pr/1", "refs/heads/main")), CHANGED),
        (version_3("update", "repo.content", updatedRefs=[]), CHANGED),
        (version_3("update", "repo.content"), CHANGED),
        (version_3("update", "repo.config", updatedConfig={}), CHANGED),
        (version_3("update", "repo.config", updatedConfig={"private": False}), CHANGED),
        (version_3("update", "repo.something.new"), CHANGED),
        (version_3("update", repo={"headSha": None, "private": None}), CHANGED),
        (version_3("update", "repo.config", updatedConfig={"private": True}), HIDDEN),
        (version_3("update", repo={"private": True}), HIDDEN),
        (version_3("create", repo={"private": True}), HIDDEN),
        (version_3("update", "repo.config", updatedConfig={"disabled": True}), GONE),
        (version_3("update", repo={"disabled": True}), GONE),
        (version_3("delete"), GONE),
        (version_3("delete", repo={"private": True}), GONE),
        (version_3("move", movedTo={"name": "acme/new", "owner": {"id": "3"}}), [*GONE, Event("acme/new")]),
        (
            version_3("move", movedTo={"name": "acme/new"}, repo={"private": True}),
            [*GONE, Event("acme/new", Closing.THE_PUBLIC)],
        ),
    ],
)
def test_version_3_says_what_changed_and_what_closes(payload: object, events: list[Event]) -> None:
    assert events_of(payload) == events


@pytest.mark.parametrize(
    ("payload", "events"),
    [
        (version_2("add"), CHANGED),
        (version_2("update", "repo.content"), CHANGED),
        (version_2("update", "repo.config", repo={"private": True}), HIDDEN),
        (version_2("remove"), GONE),
        (version_2("move", movedTo="acme/new"), [*GONE, Event("acme/new")]),
        ({"event": "update", "repo": {"type": "dataset", "name": "squad"}}, [Event("squad")]),
    ],
)
def test_version_2_says_the_same_in_strings(payload: object, events: list[Event]) -> None:
    assert events_of(payload) == events


@pytest.mark.parametrize(
    ("payload", "events"),
    [
        ({"add": "datasets/acme/csv"}, CHANGED),
        ({"update": "datasets/acme/csv"}, CHANGED),
        ({"remove": "datasets/acme/csv"}, GONE),
        ({"add": "datasets/acme/csv", "remove": None}, CHANGED),
        ({"add": "datasets/acme/csv", "remove": "datasets/acme/csv"}, GONE),
        ({"update": "datasets/squad", "remove": "datasets/acme/csv"}, [Event("squad"), *GONE]),
    ],
)
def test_the_form_of_2022_may_have_several_keys(payload: object, events: list[Event]) -> None:
    assert events_of(payload) == events


@pytest.mark.parametrize(
    "payload",
    [
        version_3("update", repo={"type": "model"}),
        version_3("delete", repo={"type": "space", "name": "not--legal/for/datasets"}),
        version_3("create", "discussion"),
        version_3("update", "discussion.comment"),
        version_3("update", "repository"),
        version_3("update", "repo.content", updatedRefs=updated("refs/pr/1", "refs/convert/parquet")),
        version_2("update", "repo.content", updatedRefs=updated("refs/tags/v1")),
        version_2("add", repo={"type": "model"}),
        {"add": "acme/model"},
        {"remove": "spaces/acme/app"},
    ],
)
def test_a_known_form_of_no_interest_has_no_events(payload: object) -> None:
    assert events_of(payload) == []


def test_a_private_dataset_is_closed_whatever_branch_changed() -> None:
    payload = version_3("update", "repo.content", repo={"private": True}, updatedRefs=updated("refs/pr/1"))
    assert events_of(payload) == HIDDEN


BAD: list[object] = [
    None,
    [],
    "update",
    3,
    {},
    {"event": None},
    {"event": {}},
    {"event": 3},
    {"event": "explode", "repo": {"type": "dataset", "name": NAME}},
    {"event": "create", "repo": {"type": "dataset", "name": NAME}},
    version_3("explode"),
    version_3("add"),
    {**version_3("update"), "event": {"action": "update"}},
    {**version_3("update"), "event": {"action": ["update"], "scope": "repo"}},
    {**version_3("update"), "event": {"action": "update", "scope": 3}},
    {**version_3("update"), "repo": None},
    {**version_3("update"), "repo": "acme/csv"},
    {**version_3("update"), "repo": {}},
    version_3("update", repo={"type": None}),
    version_3("update", repo={"name": 3}),
    version_3("update", repo={"name": "../x"}),
    version_3("update", repo={"name": "acme/csv/more"}),
    version_3("update", repo={"name": ""}),
    version_3("update", repo={"private": "yes"}),
    version_3("update", repo={"private": 1}),
    version_3("update", repo={"headSha": 3}),
    version_3("update", "repo.config", updatedConfig=[]),
    version_3("update", "repo.config", updatedConfig={"private": "true"}),
    version_3("update", updatedRefs="refs/heads/main"),
    version_3("update", updatedRefs=["refs/heads/main"]),
    version_3("update", updatedRefs=[{"ref": None}]),
    version_3("move"),
    version_3("move", movedTo={}),
    version_3("move", movedTo={"name": "../x"}),
    version_3("move", movedTo=["acme/new"]),
    version_2("update", scope=None),  # type: ignore[arg-type]
    version_2("move", movedTo="../x"),
    {"add": 3},
    {"update": ["datasets/acme/csv"]},
    {"remove": "datasets/../x"},
    {"add": "datasets/"},
    {"add": None},
]


@pytest.mark.parametrize("payload", BAD)
def test_what_has_none_of_the_known_forms_is_refused_with_a_reason(payload: object) -> None:
    with pytest.raises(InvalidPayloadError, match=r"\w+"):
        events_of(payload)


texts = st.sampled_from(
    [
        "update",
        "move",
        "remove",
        "delete",
        "repo",
        "repo.content",
        "dataset",
        NAME,
        "datasets/" + NAME,
        "refs/heads/main",
    ]
)
keys = st.sampled_from(
    ["event", "action", "scope", "repo", "type", "name", "private", "headSha", "updatedRefs", "ref", "updatedConfig"]
    + ["movedTo", "add", "update", "remove", "disabled"]
)
values = st.recursive(
    texts | st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=6),
    max_leaves=20,
)


@given(values)
def test_whatever_comes_is_events_of_legal_names_or_refused(payload: object) -> None:
    try:
        events = events_of(payload)
    except InvalidPayloadError:
        return
    assert all(is_dataset_name(event.dataset) for event in events)
