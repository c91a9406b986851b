"""Tables of numbers and strings, the same each time, made piece by piece; and files of them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
from numpy.random import Generator
from numpy.typing import NDArray

# Repeated values: what dictionaries are for. The others would only outgrow theirs.
_REPEATED = {"label": 10, "city": 1_000}
_KEY_LENGTHS = (20, 20)
_TEXT_LENGTHS = (60, 150)
_PIECE_ROWS = 10_000


def write_small_csv(path: Path, rows: int, seed: int = 0) -> None:
    """A CSV file with 25 bytes a row."""
    table = _small(rows, seed)
    path.parent.mkdir(parents=True, exist_ok=True)
    pyarrow.csv.write_csv(table, path)


def write_csv(path: Path, rows: int) -> None:
    """A CSV file with 10 columns and 200 bytes a row."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pieces = _pieces(rows)
    first = next(pieces)
    with pyarrow.csv.CSVWriter(path, first.schema) as writer:
        writer.write_batch(first)
        for piece in pieces:
            writer.write_batch(piece)


def write_parquet(path: Path, rows: int, row_groups: int = 1) -> None:
    """A Parquet file with the same columns and 170 bytes a row.

    A row group is written column by column, so all of it has to be there: the rows come from a mapped file.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    uncompressed = path.with_suffix(".arrow")
    pieces = _pieces(rows)
    first = next(pieces)
    with pa.OSFile(str(uncompressed), "wb") as file, pa.ipc.new_file(file, first.schema) as writer:
        writer.write_batch(first)
        for piece in pieces:
            writer.write_batch(piece)
    with pa.memory_map(str(uncompressed)) as file:
        table = pa.ipc.open_file(file).read_all()
        pq.write_table(table, path, row_group_size=-(-rows // row_groups), use_dictionary=list(_REPEATED))
    uncompressed.unlink()


def _pieces(rows: int) -> Iterator[Any]:
    for begin in range(0, rows, _PIECE_ROWS):
        yield _piece(np.arange(begin, min(begin + _PIECE_ROWS, rows)))


def _piece(ids: NDArray[np.int64]) -> Any:
    generator = np.random.default_rng(int(ids[0]))
    count = len(ids)
    of_names = {
        name: pa.array([f"{name}-{number}" for number in range(values)]).take(
            pa.array(generator.integers(values, size=count))
        )
        for name, values in _REPEATED.items()
    }
    return pa.RecordBatch.from_pydict(
        {
            "id": ids,
            "count": generator.integers(1_000_000, size=count, dtype=np.int32),
            "large": generator.integers(2**62, size=count),
            "score": generator.random(count),
            "weight": generator.random(count),
            "share": generator.random(count, dtype=np.float32),
            **of_names,
            "key": _letters(generator, count, _KEY_LENGTHS),
            "text": _letters(generator, count, _TEXT_LENGTHS),
        }
    )


def _small(rows: int, seed: int) -> Any:
    generator = np.random.default_rng(seed)
    return pa.table(
        {
            "id": np.arange(rows),
            "count": generator.integers(1_000_000, size=rows),
            "key": _letters(generator, rows, (10, 10)),
        }
    )


def _letters(generator: Generator, count: int, lengths: tuple[int, int]) -> Any:
    """Strings that don't compress, `lengths` from the least to the most."""
    offsets = np.zeros(count + 1, dtype=np.int32)
    np.cumsum(generator.integers(*lengths, size=count, endpoint=True), out=offsets[1:])
    letters = generator.integers(ord("a"), ord("z"), size=int(offsets[-1]), dtype=np.uint8, endpoint=True)
    return pa.StringArray.from_buffers(count, pa.py_buffer(offsets), pa.py_buffer(letters))
