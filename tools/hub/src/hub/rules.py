"""What `hub.yaml` says: who may see which dataset, what the tokens open, and which datasets were moved."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from hub.names import is_legal_repo

Gated = Literal["auto", "manual", False]


class AccessError(ValueError):
    """`hub.yaml` can't be used; the message says why."""


@dataclass(frozen=True)
class Visibility:
    """A private dataset is hidden from whoever may not read it; of a gated one everybody sees that it is there.

    A disabled one is closed to everybody who sees it.
    """

    private: bool = False
    gated: Gated = False
    disabled: bool = False


@dataclass(frozen=True)
class Caller:
    """Whom a token belongs to, the organisations of its owner, and what it opens beside what is public."""

    name: str
    organizations: tuple[str, ...] = ()
    datasets: frozenset[str] = frozenset()
    reads_everything: bool = False
    writes_everything: bool = False

    def may_read(self, repo: str) -> bool:
        """Whether the caller may read `repo` even if it isn't public: an owner may."""
        return self.reads_everything or repo in self.datasets or repo.partition("/")[0] == self.name


@dataclass(frozen=True)
class Rules:
    """All of it. `moved` holds the name that came after each old one."""

    datasets: Mapping[str, Visibility] = field(default_factory=dict)
    tokens: Mapping[str, Caller] = field(default_factory=dict)
    moved: Mapping[str, str] = field(default_factory=dict)


def parse_rules(content: dict[str, Any]) -> Rules:
    """Read the content of the file. Raises `AccessError` when something in it can't be used."""
    _check_keys(content, {"datasets", "tokens", "moved"}, "the file")
    return Rules(
        datasets={repo: _visibility(repo, entry) for repo, entry in _mapping(content, "datasets").items()},
        tokens={token: _caller(token, entry) for token, entry in _mapping(content, "tokens").items()},
        moved=_moved(_mapping(content, "moved")),
    )


def _visibility(repo: object, entry: object) -> Visibility:
    if not isinstance(repo, str) or not is_legal_repo(repo):
        raise AccessError(f"datasets: {repo!r} is not a namespace/name")
    if not isinstance(entry, dict):
        raise AccessError(f"datasets: {repo} must be a mapping such as {{private: true}}")
    _check_keys(entry, {"private", "gated", "disabled"}, repo)
    private, gated, disabled = (entry.get(key, False) for key in ("private", "gated", "disabled"))
    for key, value in (("private", private), ("disabled", disabled)):
        if not isinstance(value, bool):
            raise AccessError(f"datasets: {key} of {repo} must be true or false")
    if gated is not False and gated not in ("auto", "manual"):
        raise AccessError(f"datasets: gated of {repo} must be auto, manual or false")
    return Visibility(private, gated, disabled)


def _caller(token: object, entry: object) -> Caller:
    # A message must not show a token: it goes to the log.
    if not isinstance(token, str) or not token.isascii() or not token.isprintable() or not token:
        raise AccessError("tokens: each must be a string of printable ASCII characters")
    if not isinstance(entry, dict) or not isinstance(entry.get("user"), str):
        raise AccessError("tokens: each must be a mapping such as {user: alice, datasets: [acme/private-notes]}")
    user = entry["user"]
    _check_keys(entry, {"user", "organizations", "datasets"}, f"the token of {user}")
    organizations = _names(entry, "organizations", f"organizations of {user} must be a list of names")
    datasets = _names(entry, "datasets", f"datasets of {user} must be a list of namespace/name")
    return Caller(user, tuple(organizations), frozenset(datasets))


def _names(entry: dict[str, Any], key: str, expected: str) -> list[str]:
    names = entry.get(key) or []
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise AccessError(f"tokens: {expected}")
    return names


def _mapping(content: dict[str, Any], key: str) -> dict[Any, Any]:
    value = content.get(key) or {}
    if not isinstance(value, dict):
        raise AccessError(f"{key} must be a mapping")
    return value


def _check_keys(content: dict[Any, Any], known: set[str], where: str) -> None:
    for key in content:
        if key not in known:
            raise AccessError(f"unknown key {key!r} in {where}; known are {', '.join(sorted(known))}")


def _moved(entries: dict[Any, Any]) -> dict[str, str]:
    for old, new in entries.items():
        if not all(isinstance(repo, str) and is_legal_repo(repo) for repo in (old, new)):
            raise AccessError(f"moved: {old!r} and {new!r} must be two namespace/name")
    return dict(entries)
