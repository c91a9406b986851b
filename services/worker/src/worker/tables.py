"""Tables for the terminals of operators."""

from collections.abc import Sequence


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
