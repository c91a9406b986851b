"""The bytes of a `/first-rows` answer, with the offsets by which its readers slice it and sign its URLs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from libcommon.errors import CodedError

from reader.cells import Cell
from reader.limits import Limits
from reader.truncation import CellSize, RowSize, cut, cut_json


@dataclass(frozen=True, slots=True)
class Page:
    """The whole body and where things are in it.

    `body[a:b]` with (a, b) = `features_span` is the array of features. `row_offsets` has one number more than there
    are rows: rows i to j - 1, with the commas between them, are `body[row_offsets[i] : row_offsets[j] - 1]`.
    `asset_ends` are the offsets just after the last character of each asset URL, rising. `files` are the staged files
    that the body names. `partial`: the split has more rows. `num_rows_total` is None where unknown.
    """

    body: bytes
    features_span: tuple[int, int]
    row_offsets: list[int]
    asset_ends: list[int]
    files: frozenset[str]
    num_rows_total: int | None
    partial: bool


class Column:
    """A column: its name, and its entry in `features` as JSON."""

    def __init__(self, index: int, name: str, serialised_type: Any) -> None:
        self.key = orjson.dumps(name)
        self.entry = orjson.dumps({"feature_idx": index, "name": name, "type": serialised_type})


class PageWriter:
    """Takes the cells of one row after another and writes the page; the end of the split is for the caller to know.

    `head` is the beginning of the body: dataset, config, split. `columns_left_out`: the split has more columns.
    """

    def __init__(self, head: dict[str, str], columns: Sequence[Column], limits: Limits, *, columns_left_out: bool):
        self._head = orjson.dumps(head)[:-1] + b',"features":['
        self._columns = columns
        self._limits = limits
        self._columns_left_out = columns_left_out
        self._too_many_bytes = (
            f"Only the first rows are returned, to keep the answer below {limits.rows_max_bytes} bytes."
        )
        self._rows: list[list[Cell]] = []
        self._sizes: list[RowSize] = []
        self._size = 0

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def full(self) -> str | None:
        """Why no further row can be part of the page, if so."""
        if len(self) >= self._limits.rows_max_number:
            return f"Only the first {len(self)} rows are returned."
        if len(self) >= self._limits.rows_min_number and self._size > self._limits.rows_max_bytes:
            return self._too_many_bytes
        return None

    def add(self, cells: Sequence[Cell]) -> None:
        """Add a row: one cell for each column."""
        limit = self._limits.rows_max_bytes
        # What is longer than the page will be cut in any case: its beginning is all that is kept.
        row = [cell if len(cell.json) <= limit or cell.files else Cell(cell.json[:limit]) for cell in cells]
        size = self._row_size(len(self._rows), row)
        self._rows.append(row)
        self._sizes.append(size)
        self._size += size.at(limit)

    def write(self, *, num_rows_total: int | None, reason: str | None) -> Page:
        """The page; `reason` says why the split has more rows than were added, and is None when it has no more.

        Raises:
            CodedError: `TooLongColumnNameError` or `FeaturesError`: not even the first column fits.
        """
        longest = self._tail(max(reason or "", self._too_many_bytes, key=len), True)
        fit = cut(
            self._sizes,
            [len(column.entry) + 1 for column in self._columns],
            max_bytes=self._limits.rows_max_bytes - len(self._head) - len(b'],"rows":[') - len(longest),
            min_rows=self._limits.rows_min_number,
            min_cell_bytes=self._limits.min_cell_bytes,
        )
        if fit is None:
            raise self._nothing_fits()
        columns = self._columns[: fit.columns]
        if fit.rows < len(self._rows):
            reason = self._too_many_bytes

        body = bytearray(self._head)
        body += b",".join(column.entry for column in columns) + b'],"rows":['
        features_span = (len(self._head) - 1, len(body) - len(b',"rows":['))
        row_offsets, asset_ends = [len(body)], list[int]()
        for index in range(fit.rows):
            self._write_row(body, index, columns, fit.level, asset_ends)
            body += b","
            row_offsets.append(len(body))
        if fit.rows:
            body.pop()
        columns_truncated = self._columns_left_out or fit.columns < len(self._columns)
        body += self._tail(reason, columns_truncated)
        shown = [cell for row in self._rows[: fit.rows] for cell in row[: fit.columns]]
        files = frozenset[str]().union(*(cell.files for cell in shown))
        return Page(bytes(body), features_span, row_offsets, asset_ends, files, num_rows_total, reason is not None)

    def _write_row(
        self, body: bytearray, index: int, columns: Sequence[Column], level: int, asset_ends: list[int]
    ) -> None:
        marks, errors = list[bytes](), list[bytes]()
        body += b'{"row_idx":%d,"row":{' % index
        for number, (column, cell, size) in enumerate(
            zip(columns, self._rows[index], self._sizes[index].cells, strict=False)
        ):
            body += (b"," if number else b"") + column.key + b":"
            asset_ends += [len(body) + end for end in cell.asset_ends]
            if size.is_cut(level):
                marks.append(column.key)
                body += cut_json(cell.json, level)
            else:
                body += cell.json
            if cell.error is not None:
                errors.append(column.key + b":" + orjson.dumps(cell.error))
        body += b'},"truncated_cells":[' + b",".join(marks) + b"]"
        if errors:
            body += b',"cell_errors":{' + b",".join(errors) + b"}"
        body += b"}"

    def _row_size(self, index: int, cells: Sequence[Cell]) -> RowSize:
        fixed = len(b'{"row_idx":%d,"row":{},"truncated_cells":[]},' % index)
        if any(cell.error is not None for cell in cells):
            fixed += len(b',"cell_errors":{}')
        return RowSize(fixed, [self._cell_size(*pair) for pair in zip(self._columns, cells, strict=True)])

    @staticmethod
    def _cell_size(column: Column, cell: Cell) -> CellSize:
        name = len(column.key) + 1  # a colon or a comma
        error = name + len(orjson.dumps(cell.error)) + 1 if cell.error is not None else 0
        return CellSize(len(cell.json), mark=name, fixed=name + 1 + error, cuttable=not cell.files)

    @staticmethod
    def _tail(reason: str | None, columns_truncated: bool) -> bytes:
        tail: dict[str, Any] = {"truncated": reason is not None}
        if reason is not None:
            tail["truncated_reason"] = reason
        if columns_truncated:
            tail["columns_truncated"] = True
        return b"]," + orjson.dumps(tail)[1:]

    def _nothing_fits(self) -> CodedError:
        first = self._columns[0]
        if 2 * len(first.key) > len(first.entry):
            message = "The name of the first column is so long that no row fits into an answer: shorten it."
            return CodedError("TooLongColumnNameError", message)
        message = "The type of the first column is so large that no row fits into an answer: simplify it."
        return CodedError("FeaturesError", message)
