"""What the `datasets` library looks for when it resolves the patterns of a dataset's files."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

from datasets import data_files
from datasets.exceptions import DataFilesNotFoundError

Check = Callable[[str, str], None]
"""Called with a pattern and the URL that it is relative to; raises where it is not to be looked for."""


@contextmanager
def resolving(*checks: Check) -> Iterator[None]:
    """Within the block the library resolves a pattern after each of the checks let it pass, and raises its own
    exceptions for a split without files: by itself it goes on with that.
    """
    resolve = data_files.resolve_pattern
    resolve_all = data_files.DataFilesPatternsList.resolve
    list_all = data_files.DataFilesList.from_patterns

    def resolve_checked(pattern: str, base_path: str, *args: Any, **kwargs: Any) -> Any:
        for check in checks:
            check(pattern, base_path)
        return resolve(pattern, base_path, *args, **kwargs)

    def resolve_some(patterns: Any, base_path: str, *args: Any, **kwargs: Any) -> Any:
        return resolve_all(patterns, base_path, *args, **kwargs) or _refuse(patterns, base_path)

    def list_some(_: Any, patterns: Any, base_path: str, *args: Any, **kwargs: Any) -> Any:
        return list_all(patterns, base_path, *args, **kwargs) or _refuse(patterns, base_path)

    data_files.resolve_pattern = resolve_checked
    data_files.DataFilesPatternsList.resolve = resolve_some
    data_files.DataFilesList.from_patterns = classmethod(list_some)
    try:
        yield
    finally:
        data_files.resolve_pattern = resolve
        data_files.DataFilesPatternsList.resolve = resolve_all
        data_files.DataFilesList.from_patterns = list_all


def _refuse(patterns: Any, base_path: str) -> NoReturn:
    """Raises FileNotFoundError: nothing matches; DataFilesNotFoundError: what does is of no supported format."""
    for pattern in patterns:
        data_files.resolve_pattern(pattern, base_path)
    raise DataFilesNotFoundError("No (supported) data files found")
