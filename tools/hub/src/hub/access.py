"""Who may see, read and write which dataset: the file `hub.yaml` and the tokens that are always there."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import yaml

from hub.files import Signature
from hub.rules import AccessError, Caller, Rules, Visibility, parse_rules

ME = Caller("me", reads_everything=True, writes_everything=True)
STRANGER = Caller("stranger")
WORKER = Caller("worker", reads_everything=True)


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
        """Write the visibility of `repo` to the file. Raises `AccessError` when the file as it is can't be used."""
        with self._edited() as content:
            datasets = _section(content, "datasets")
            datasets.pop(repo, None)
            if entry := {key: value for key, value in asdict(visibility).items() if value}:
                datasets[repo] = entry

    def moved_to(self, repo: str) -> str | None:
        """The name that the dataset `repo` was given, though it may have another by now; None if it was not moved."""
        return self._rules.moved.get(repo)

    def begin_move(self, old: str, new: str) -> None:
        """Write of `new` what the file says of `old`, tokens included, and that `old` leads there once it is gone.

        Raises `AccessError` when the file as it is can't be used.
        """
        with self._edited() as content:
            datasets = _section(content, "datasets")
            datasets.pop(new, None)
            if old in datasets:
                datasets[new] = dict(datasets[old])
            for entry in _section(content, "tokens").values():
                if old in (entry.get("datasets") or []):
                    entry["datasets"] = [*entry["datasets"], new]
            _lead_past(content, new)
            content["moved"][old] = new

    def finish_move(self, old: str, new: str) -> None:
        """Write nothing more of `old` than that it leads to `new`, which leads nowhere itself.

        Raises `AccessError` when the file as it is can't be used.
        """
        with self._edited() as content:
            _section(content, "datasets").pop(old, None)
            for entry in _section(content, "tokens").values():
                if old in (entry.get("datasets") or []):
                    entry["datasets"] = [repo for repo in entry["datasets"] if repo != old]
            _section(content, "moved").pop(new, None)

    def forget_move(self, repo: str) -> None:
        """Write that `repo` is no old name any more, and none leads to it.

        Raises `AccessError` when the file as it is can't be used.
        """
        if repo not in {*self._rules.moved.keys(), *self._rules.moved.values()}:
            return
        with self._edited() as content:
            _lead_past(content, repo)
            content["moved"].pop(repo, None)

    def forget(self, repo: str) -> None:
        """Take `repo`, which is gone, out of the file, with the names that led to it.

        Raises `AccessError` when the file as it is can't be used.
        """
        with self._edited() as content:
            _section(content, "datasets").pop(repo, None)
            _lead_past(content, repo)
            content["moved"].pop(repo, None)

    @contextmanager
    def _edited(self) -> Iterator[dict[str, Any]]:
        """The content of the file, to be edited; it is written if it says something else then (comments are lost)."""
        with self._lock:
            content = _load(self.path)
            before = self._parse(content)
            yield content
            after = self._parse(content)
            if after != before:
                _store(self.path, content)
                self._rules = after
                self._signature = _signature(self.path)

    def _parse(self, content: dict[str, Any]) -> Rules:
        rules = parse_rules(content)
        if taken := self._fixed_tokens.keys() & rules.tokens.keys():
            raise AccessError(f"the token {min(taken)} is always there and can't be given to a user")
        return rules


def _section(content: dict[str, Any], key: str) -> dict[Any, Any]:
    section: dict[Any, Any] = content.get(key) or {}
    content[key] = section
    return section


def _lead_past(content: dict[str, Any], repo: str) -> None:
    """Let the names that lead to `repo` lead to where that leads; they are no more when it leads nowhere."""
    moved = _section(content, "moved")
    content["moved"] = {
        old: last for old, new in moved.items() if (last := moved.get(repo) if new == repo else new) is not None
    }


def _signature(path: Path) -> Signature | None:
    try:
        return Signature.of(path.stat())
    except OSError:
        return None


def _load(path: Path) -> dict[str, Any]:
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader)
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
        raise AccessError("must be a mapping with the keys datasets, tokens and moved")
    return content


def _store(path: Path, content: dict[str, Any]) -> None:
    temporary = path.with_name(f".{path.name}.new")
    temporary.unlink(missing_ok=True)
    # It holds tokens.
    temporary.touch(mode=path.stat().st_mode & 0o777 if path.exists() else 0o600)
    kept = {key: value for key, value in content.items() if value}
    text = yaml.dump(kept, Dumper=yaml.CSafeDumper, sort_keys=False, allow_unicode=True)
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)
