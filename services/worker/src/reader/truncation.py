"""How much of a page fits: the contract's "Truncation", as arithmetic over sizes that are computed once.

A cell of `size` bytes may be cut to a level of L bytes, which costs `mark` more bytes for its column's name in
`truncated_cells`. It is cut where that saves something, so at level L it takes min(size, L + mark) bytes. That only
falls as L falls, and so does everything else here: each answer is found by bisection.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate

import orjson

LAST_CELL_BYTES = 20


@dataclass(frozen=True, slots=True)
class CellSize:
    """Bytes of a cell's JSON, of its mark, and of all that comes with it in any case (name, comma, error)."""

    size: int
    mark: int
    fixed: int
    cuttable: bool

    def at(self, level: int) -> int:
        """The bytes it takes when cells are cut to `level` bytes."""
        return self.fixed + (min(self.size, level + self.mark) if self.cuttable else self.size)

    def is_cut(self, level: int) -> bool:
        return self.cuttable and self.size > level + self.mark


@dataclass(frozen=True, slots=True)
class RowSize:
    """A row: its cells, and the bytes around them."""

    fixed: int
    cells: Sequence[CellSize]

    def at(self, level: int) -> int:
        return self.fixed + sum(cell.at(level) for cell in self.cells)


@dataclass(frozen=True, slots=True)
class Cut:
    """What a page holds: the first `rows` rows and `columns` columns, cells cut to `level` bytes."""

    rows: int
    columns: int
    level: int


def cut(
    rows: Sequence[RowSize], column_sizes: Sequence[int], *, max_bytes: int, min_rows: int, min_cell_bytes: int
) -> Cut | None:
    """The largest page of at most `max_bytes`: fewer rows, then shorter cells, then fewer rows, then fewer columns.

    `column_sizes` are the bytes of the columns' entries in `features`; they count too. None when not even the first
    column fits.
    """
    columns = len(column_sizes)
    for_rows = max_bytes - sum(column_sizes)

    def fits(count: int, level: int) -> bool:
        return sum(row.at(level) for row in rows[:count]) <= for_rows

    # Nothing that fits is longer than the page, so at this level no cell is cut that doesn't have to be.
    count = _most(len(rows), lambda number: fits(number, max_bytes))
    least = min(min_rows, len(rows))
    if count >= least and for_rows >= 0:
        return Cut(count, columns, max_bytes)
    for lowest in (min_cell_bytes, LAST_CELL_BYTES):
        if fits(least, lowest):
            level = lowest + _most(max_bytes, lambda more, lowest=lowest: fits(least, lowest + more))  # type: ignore[misc]
            return Cut(least, columns, level)
    count = _most(least, lambda number: fits(number, LAST_CELL_BYTES))
    if count:
        return Cut(count, columns, LAST_CELL_BYTES)
    columns = _columns_of_one_row(rows, column_sizes, max_bytes)
    return Cut(len(rows[:1]), columns, LAST_CELL_BYTES) if columns else None


def _columns_of_one_row(rows: Sequence[RowSize], column_sizes: Sequence[int], max_bytes: int) -> int:
    widths = list(column_sizes)
    for row in rows[:1]:
        max_bytes -= row.fixed
        widths = [width + cell.at(LAST_CELL_BYTES) for width, cell in zip(widths, row.cells, strict=True)]
    return bisect_right(list(accumulate(widths)), max_bytes)


def _most(limit: int, fits: Callable[[int], bool]) -> int:
    """The largest number up to `limit` that fits, when 0 does and no number above one that doesn't."""
    return bisect_left(range(1, limit + 1), True, key=lambda number: not fits(number))


_WHOLE_CHARACTERS = re.compile(rb"(?:[^\\]+|\\u[0-9a-f]{4}|\\[^u])*")


def cut_json(json: bytes, level: int) -> bytes:
    """A JSON string of at most `level` bytes with its quotes: the beginning of a string, or of another value's text.

    No character and no escape sequence is split.
    """
    if not json.startswith(b'"'):
        json = orjson.dumps(json[:level].decode("utf-8", "ignore"))
    whole = _WHOLE_CHARACTERS.match(json, 1, level - 1)
    assert whole is not None  # it matches the empty string
    return b'"' + whole.group().decode("utf-8", "ignore").encode() + b'"'
