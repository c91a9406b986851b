"""The names the Hub allows for repositories, and the paths allowed inside one."""

import hashlib
import re

_LEGAL_SEGMENT = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,94}[A-Za-z0-9_])?", re.ASCII)
_CONTROL_CHARACTERS = re.compile(r"[\x00-\x1f\x7f]")
_MAX_SEGMENT_BYTES = 255


def is_legal_segment(name: str) -> bool:
    """Whether `name` may be a namespace or the name of a repository, by the Hub's rules."""
    return (
        _LEGAL_SEGMENT.fullmatch(name) is not None
        and "--" not in name
        and ".." not in name
        and not name.endswith(".git")
    )


def is_legal_repo(repo: str) -> bool:
    """Whether `repo` is a legal `namespace/name`."""
    namespace, _, name = repo.partition("/")
    return is_legal_segment(namespace) and is_legal_segment(name)


def is_legal_path(path: str) -> bool:
    """Whether `path` is a relative path that stays inside its repository."""
    return all(
        segment not in {"", ".", ".."}
        and _CONTROL_CHARACTERS.search(segment) is None
        and len(segment.encode("utf-8", "surrogatepass")) <= _MAX_SEGMENT_BYTES
        for segment in path.split("/")
    ) and is_text(path)


def is_hidden(path: str) -> bool:
    """Whether `path` is, or is inside, a dotfile: those are never served."""
    return any(segment.startswith(".") for segment in path.split("/"))


def is_text(name: str) -> bool:
    """Whether `name` can be sent as UTF-8: file names on disk are bytes, and need not be."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def object_id(name: str) -> str:
    """The id of a repository or an owner: 24 hex digits, always the same for a name."""
    return hashlib.sha256(name.encode()).hexdigest()[:24]


def parents(path: str) -> list[str]:
    """The folders that hold `path`, nearest first: `a/b/c` gives `a/b` and `a`."""
    found = []
    while "/" in path:
        path = path.rpartition("/")[0]
        found.append(path)
    return found
