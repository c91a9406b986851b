"""Patterns of data files that no file can match are told without a search.

The library tries dozens of patterns on every dataset, and for each makes an expression and looks at all files.
"""

import re
from collections.abc import Collection

from reader.resolving import Check

_WILD = re.compile(r"\*|\?|\[[^\]]*\]")


def may_match(pattern: str, paths: Collection[str]) -> bool:
    """Whether one of the paths has all that a pattern, relative to the same root, spells out; True for a plain name,
    which takes no search.
    """
    if not _WILD.search(pattern) or any(part in ("", ".") for part in pattern.split("/")):
        return True
    spelled = {piece.strip("/") for piece in _WILD.split(pattern)}
    return any(all(piece in path for piece in spelled) for path in paths)


def known_files(root: str, paths: Collection[str]) -> Check:
    """A check that refuses, by the library's `FileNotFoundError`, a pattern that none of `paths` matches: those of all
    files under `root`.
    """

    def check(pattern: str, base_path: str) -> None:
        relative = f"{base_path}/{pattern}".removeprefix(root)
        # Neither an address, nor a member of an archive.
        if ":" not in relative and not may_match(relative, paths):
            raise FileNotFoundError(f"Unable to find '{pattern}'")

    return check
