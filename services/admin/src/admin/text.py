"""Words, sizes and tables for the terminals of operators."""

from collections.abc import Sequence
from datetime import datetime

NONE = "-"
_TIMES = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))
_SIZES = ((10**12, "TB"), (10**9, "GB"), (10**6, "MB"), (10**3, "kB"))


def plain(text: str) -> str:
    """The text in one line, without what a terminal would obey: names and messages come from datasets."""
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """The rows below the names of their columns."""
    lines = [columns, *([plain(cell) for cell in row] for row in rows)]
    widths = [max(len(line[place]) for line in lines) for place in range(len(columns))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )


def more(listed: Sequence[object], limit: int) -> list[str]:
    """The line that says that there may be more than what is listed, where that is so."""
    return [f"There may be more than the {limit} listed: --limit."] if len(listed) == limit else []


def ago(time: datetime, at: datetime) -> str:
    """About how long before `at` it was."""
    return f"{span((at - time).total_seconds())} ago"


def span(seconds: float) -> str:
    """About how long: in the largest unit of which there is one."""
    whole = max(0, round(seconds))
    return next((f"{whole // length} {unit}" for unit, length in _TIMES if whole >= length), "0 s")


def size(count: int) -> str:
    """About how many bytes, in the largest unit of which there is one."""
    return next((f"{count / unit:.1f} {name}" for unit, name in _SIZES if count >= unit), f"{count} B")
