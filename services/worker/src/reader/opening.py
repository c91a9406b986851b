"""How the rows of a split are opened: by a direct reader where there is one for its format, else by the library."""

from collections.abc import Callable

from reader.direct.lines import open_lines
from reader.direct.parquet import open_parquet
from reader.parameters import check_parameters
from reader.snapshot import Snapshot
from reader.stream import RowStream, Target, open_by_library

DIRECT: dict[str, Callable[[Target, Snapshot], RowStream | None]] = {
    "csv": open_lines,
    "json": open_lines,
    "text": open_lines,
    "parquet": open_parquet,
}
_TEXTS = [name for name, reader in DIRECT.items() if reader is open_lines]


def open_split(target: Target) -> RowStream:
    """Open a split.

    Raises:
        CodedError: the split cannot be opened.
        RevisionGone: the pinned revision is not on the Hub any more.
    """
    if target.builder.name in _TEXTS:
        check_parameters(target.builder.config)
    direct = DIRECT.get(target.builder.name)
    stream = direct(target, target.snapshot) if direct is not None and target.snapshot is not None else None
    return stream or open_by_library(target)
