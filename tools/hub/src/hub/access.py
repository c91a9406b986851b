"""Who may see, read and write which dataset: the file `hub.yaml` and the tokens that are always there."""

import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import yaml

from hub.files import Signature
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
    """Whom a token belongs to, and what it opens beside what is public."""

    name: str
    datasets: frozenset[str] = frozenset()
    reads_everything: bool = False
    writes_everything: bool = False

    def may_read(self, repo: str) -> bool:
        """Whether the caller may read `repo` even if it isn't public: an owner may."""
        return self.reads_everything or repo in self.datasets or repo.partition("/")[0] == self.name


ME = Caller("me", reads_everything=True, writes_everything=True)
STRANGER = Caller("stranger")
WORKER = Caller("worker", reads_everything=True)


@dataclass(frozen=True)
class _Rules:
    datasets: Mapping[str, Visibility] = field(default_factory=dict)
    tokens: Mapping[str, Caller] = field(default_factory=dict)


class Access:
    """The rules of `hub.yaml`, read again by `reload` when the file changes. A missing file means that all is public.

    Raises `AccessError` when the file can't be used at the start.
    """

    def __init__(self, path: Path, worker_token: str) -> None:
        self.path = path
        self._fixed_tokens = {"hf_me": ME, "hf_stranger": STRANGER, worker_token: WORKER}
        self._lock = threading.Lock()
        self._signature = _signature(path)
        self._rules = self._parse(_load(path))

    def visibility(self, repo: str) -> Visibility:
        return self._rules.datasets.get(repo, Visibility())

    def caller(self, token: str) -> Caller | None:
        """Whom `token` belongs to; None when it is nobody's."""
        return self._fixed_tokens.get(token) or self._rules.tokens.get(token)

    def reload(self) -> bool:
        """Read the file again if it changed, and say whether it did.

        Raises `AccessError`, once a change, when it can't be used: the last good rules hold on.
        """
        with self._lock:
            signature = _signature(self.path)
            if signature == self._signature:
                return False
            self._signature = signature
            self._rules = self._parse(_load(self.path))
            return True

    def set_visibility(self, repo: str, visibility: Visibility) -> None:
        """Write the visibility of `repo` to the file, keeping every other entry (comments are lost).

        Raises `AccessError` when the file as it is can't be used.
        """
        with self._lock:
            content = _load(self.path)
            if self._parse(content).datasets.get(repo, Visibility()) == visibility:
                return
            datasets = content["datasets"] = content.get("datasets") or {}
            datasets.pop(repo, None)
            if entry := {key: value for key, value in asdict(visibility).items() if value}:
                datasets[repo] = entry
            _store(self.path, content)
            self._rules = self._parse(content)
            self._signature = _signature(self.path)

    def _parse(self, content: dict[str, Any]) -> _Rules:
        _check_keys(content, {"datasets", "tokens"}, "the file")
        datasets = {repo: _visibility(repo, entry) for repo, entry in _mapping(content, "datasets").items()}
        tokens = {token: _caller(token, entry) for token, entry in _mapping(content, "tokens").items()}
        if taken := self._fixed_tokens.keys() & tokens.keys():
            raise AccessError(f"the token {min(taken)} is always there and can't be given to a user")
        return _Rules(datasets, tokens)


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
    _check_keys(entry, {"user", "datasets"}, f"the token of {user}")
    datasets = entry.get("datasets") or []
    if not isinstance(datasets, list) or not all(isinstance(repo, str) for repo in datasets):
        raise AccessError(f"tokens: datasets of {user} must be a list of namespace/name")
    return Caller(user, frozenset(datasets))


def _mapping(content: dict[str, Any], key: str) -> dict[Any, Any]:
    value = content.get(key) or {}
    if not isinstance(value, dict):
        raise AccessError(f"{key} must be a mapping")
    return value


def _check_keys(content: dict[Any, Any], known: set[str], where: str) -> None:
    for key in content:
        if key not in known:
            raise AccessError(f"unknown key {key!r} in {where}; known are {', '.join(sorted(known))}")


def _signature(path: Path) -> Signature | None:
    try:
        return Signature.of(path.stat())
    except OSError:
        return None


def _load(path: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise AccessError(error.strerror or "can't be read") from error
    except (yaml.YAMLError, UnicodeDecodeError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        raise AccessError("not valid YAML" + (f" (line {mark.line + 1})" if mark else "")) from error
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise AccessError("must be a mapping with the keys datasets and tokens")
    return content


def _store(path: Path, content: dict[str, Any]) -> None:
    temporary = path.with_name(f".{path.name}.new")
    temporary.unlink(missing_ok=True)
    # It holds tokens.
    temporary.touch(mode=path.stat().st_mode & 0o777 if path.exists() else 0o600)
    kept = {key: value for key, value in content.items() if value}
    temporary.write_text(yaml.safe_dump(kept, sort_keys=False, allow_unicode=True), encoding="utf-8")
    temporary.replace(path)
