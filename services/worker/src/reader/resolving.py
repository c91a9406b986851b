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
    list_all = data_files.DataFilesList.__dict__["from_patterns"]

    def resolve_checked(pattern: str, base_path: str, *args: Any, **kwargs: Any) -> Any:
        for check in checks:
            check(pattern, base_path)
        return resolve(pattern, base_path, *args, **kwargs)

    def resolve_some(patterns: Any, base_path: str, download_config: Any = None) -> Any:
        return resolve_all(patterns, base_path, download_config) or refuse(patterns, base_path, download_config)

    def list_some(
        cls: Any, patterns: Any, base_path: Any = None, allowed_extensions: Any = None, download_config: Any = None
    ) -> Any:
        files = list_all.__func__(cls, patterns, base_path, allowed_extensions, download_config)
        return files or refuse(patterns, base_path, download_config)

    def refuse(patterns: Any, base_path: str, download_config: Any) -> NoReturn:
        # Raises for one that nothing matches.
        for pattern in patterns:
            resolve_checked(pattern, base_path, download_config=download_config)
        raise DataFilesNotFoundError("No (supported) data files found")

    data_files.resolve_pattern = resolve_checked
    data_files.DataFilesPatternsList.resolve = resolve_some
    data_files.DataFilesList.from_patterns = classmethod(list_some)
    try:
        yield
    finally:
        data_files.resolve_pattern = resolve
        data_files.DataFilesPatternsList.resolve = resolve_all
        data_files.DataFilesList.from_patterns = list_all
