"""What a webhook's payload says: the three generations of the Hub's webhooks, told apart by their shape.

- version 3: `event` is an object with `action` and `scope`: https://huggingface.co/docs/hub/webhooks
- version 2: `event` is a string, `scope` stands beside it
- the form of 2022: `add`, `update`, `remove`, each with a repository's path

A payload is a hint that something changed. All that is taken from it is which datasets to ask the Hub about, and what
has to be closed before that.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Any

from libcommon.names import is_dataset_name

_MAIN = "refs/heads/main"
_ACTIONS = {"create": "create", "delete": "delete", "move": "move", "update": "update"}
_ACTIONS_2 = {"add": "create", "remove": "delete", "move": "move", "update": "update"}
_FORM_2022 = ("add", "update", "remove")
_PREFIX_2022 = "datasets/"


class Closing(Enum):
    """From whom the event takes the dataset away, before the Hub was asked."""

    NOBODY = "nobody"
    THE_PUBLIC = "the public"
    EVERYBODY = "everybody"


@dataclass(frozen=True, slots=True)
class Event:
    """Something happened to a dataset: the Hub has to be asked what it is now."""

    dataset: str
    closes: Closing = Closing.NOBODY


class InvalidPayloadError(ValueError):
    """The payload has none of the known forms; the message says what is wrong, in words for its sender."""


def events_of(payload: object) -> list[Event]:
    """The events of a payload; none when it is of no interest here: a model, a discussion, another branch.

    Raises:
        InvalidPayloadError: it has none of the known forms, or something in it has a wrong type.
    """
    if not isinstance(payload, dict):
        raise InvalidPayloadError("it must be a JSON object")
    event = payload.get("event")
    if isinstance(event, dict):
        scope = _text(event.get("scope"), "event.scope")
        return _events(payload, _action(event.get("action"), _ACTIONS, "event.action"), scope)
    if event is not None:
        scope = _text(payload.get("scope", "repo"), "scope")
        return _events(payload, _action(event, _ACTIONS_2, "event"), scope)
    if any(payload.get(name) is not None for name in _FORM_2022):
        return _events_2022(payload)
    raise InvalidPayloadError("it has neither an event nor one of add, update and remove")


def _events(payload: dict[str, Any], action: str, scope: str) -> list[Event]:
    repo = _object(payload, "repo")
    if repo is None:
        raise InvalidPayloadError("repo must be an object")
    type_ = _text(repo.get("type"), "repo.type")
    name = _text(repo.get("name"), "repo.name")
    if type_ != "dataset" or scope.split(".")[0] != "repo":
        return []
    _check_dataset(name, "repo.name")
    if repo.get("headSha") is not None:
        _text(repo["headSha"], "repo.headSha")
    config = _object(payload, "updatedConfig") or {}
    private = _flag(repo, "private", "repo") | _flag(config, "private", "updatedConfig")
    disabled = _flag(repo, "disabled", "repo") | _flag(config, "disabled", "updatedConfig")
    refs = _refs(payload)
    if action == "move":
        new_name = _moved_to(payload)
        return [Event(name, Closing.EVERYBODY), Event(new_name, Closing.THE_PUBLIC if private else Closing.NOBODY)]
    if action == "delete" or disabled:
        return [Event(name, Closing.EVERYBODY)]
    if private:
        return [Event(name, Closing.THE_PUBLIC)]
    if action == "update" and refs and _MAIN not in refs and not config:
        return []
    return [Event(name)]


def _events_2022(payload: dict[str, Any]) -> list[Event]:
    closing: dict[str, Closing] = {}
    for key in _FORM_2022:
        if payload.get(key) is None:
            continue
        path = _text(payload[key], key)
        if path.startswith(_PREFIX_2022):
            name = path.removeprefix(_PREFIX_2022)
            _check_dataset(name, key)
            closing[name] = Closing.EVERYBODY if key == "remove" else Closing.NOBODY
    return [Event(name, closes) for name, closes in closing.items()]


def _action(value: object, actions: dict[str, str], where: str) -> str:
    action = actions.get(_text(value, where))
    if action is None:
        raise InvalidPayloadError(f"{where} must be one of {', '.join(actions)}")
    return action


def _moved_to(payload: dict[str, Any]) -> str:
    moved_to = payload.get("movedTo")
    name = _text(moved_to.get("name") if isinstance(moved_to, dict) else moved_to, "movedTo")
    _check_dataset(name, "movedTo")
    return name


def _refs(payload: dict[str, Any]) -> list[str]:
    refs = payload.get("updatedRefs")
    if refs is None:
        return []
    if not isinstance(refs, list) or not all(isinstance(ref, dict) for ref in refs):
        raise InvalidPayloadError("updatedRefs must be a list of objects")
    return [_text(ref.get("ref"), "updatedRefs.ref") for ref in refs]


def _object(payload: dict[str, Any], key: str) -> dict[str, Any] | None:
    value = payload.get(key)
    if value is not None and not isinstance(value, dict):
        raise InvalidPayloadError(f"{key} must be an object")
    return value


def _flag(owner: dict[str, Any], key: str, where: str) -> bool:
    value = owner.get(key)
    if value is not None and not isinstance(value, bool):
        raise InvalidPayloadError(f"{where}.{key} must be true or false")
    return bool(value)


def _text(value: object, where: str) -> str:
    if not isinstance(value, str):
        raise InvalidPayloadError(f"{where} must be a string")
    return value


def _check_dataset(name: str, where: str) -> None:
    if not is_dataset_name(name):
        raise InvalidPayloadError(f"{where} is not a legal name of a dataset")
