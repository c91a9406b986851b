"""Patterns of data files that no file can match are told without a search.

The library tries dozens of patterns on every dataset, and for each makes an expression and looks at all files.
"""

import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

from datasets import data_files

_WILD = re.compile(r"\*|\?|\[[^\]]*\]")


def may_match(pattern: str, paths: Collection[str]) -> bool:
    """Whether one of the paths has all that a pattern, relative to the same root, spells out; True for a plain name,
    which takes no search.
    """
    if not _WILD.search(pattern) or any(part in ("", ".") for part in pattern.split("/")):
        return True
    spelled = {piece.strip("/") for piece in _WILD.split(pattern)}
    return any(all(piece in path for piece in spelled) for path in paths)


@contextmanager
def known_files(root: str, paths: Collection[str]) -> Iterator[None]:
    """Within the block `datasets` searches under `root`, where `paths` are all files, only for what may be there.

    Raises:
        FileNotFoundError: from the library's call, as without it.
    """
    resolve = data_files.resolve_pattern

    def resolve_known(pattern: str, base_path: str, *args: Any, **kwargs: Any) -> Any:
        relative = f"{base_path}/{pattern}".removeprefix(root)
        # Neither an address, nor a member of an archive.
        if ":" not in relative and not may_match(relative, paths):
            raise FileNotFoundError(f"Unable to find '{pattern}'")
        return resolve(pattern, base_path, *args, **kwargs)

    data_files.resolve_pattern = resolve_known
    try:
        yield
    finally:
        data_files.resolve_pattern = resolve
