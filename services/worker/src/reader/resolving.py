"""What the `datasets` library looks for when it resolves the patterns of a dataset's files."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from datasets import data_files

Check = Callable[[str, str], None]
"""Called with a pattern and the URL that it is relative to; raises where it is not to be looked for."""


@contextmanager
def resolving(*checks: Check) -> Iterator[None]:
    """Within the block the library resolves a pattern after each of the checks let it pass."""
    resolve = data_files.resolve_pattern

    def resolve_checked(pattern: str, base_path: str, *args: Any, **kwargs: Any) -> Any:
        for check in checks:
            check(pattern, base_path)
        return resolve(pattern, base_path, *args, **kwargs)

    data_files.resolve_pattern = resolve_checked
    try:
        yield
    finally:
        data_files.resolve_pattern = resolve
