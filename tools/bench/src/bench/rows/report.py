"""The tables of what was measured, and what it should come to."""

from collections.abc import Callable, Mapping, Sequence

from bench.rows.catalogue import Kind
from bench.rows.cost import Cell
from bench.table import Aim, columns

_HEAD = (
    "",
    *("s", "library", "ratio"),
    *("requests", "library", "ratio"),
    *("MB", "library", "ratio"),
    *("peak MB", "library", "ratio"),
)
_PEAK_MB = 300


def latency_table(cells: Sequence[Cell]) -> str:
    """A line a dataset: our time, requests, bytes and peak of memory, each beside the library's."""
    return columns(_HEAD, [_row(cell) for cell in cells])


def aims(cells: Sequence[Cell], kinds: Mapping[str, Kind]) -> list[Aim]:
    """What the issue aims at, each by the cell that is farthest from it; `kinds` are those of the datasets."""
    one_group = [cell for cell in cells if kinds[cell.dataset] is Kind.ONE_ROW_GROUP]
    groups = [cell for cell in cells if kinds[cell.dataset] is Kind.ROW_GROUPS]
    return [
        *_worst("time", lambda cell: cell.time_ratio, cells, 1),
        *_worst("time, one row group", lambda cell: cell.time_ratio, one_group, 1 / 5),
        *_worst("time, other large Parquet", lambda cell: cell.time_ratio, groups, 1 / 2),
        *_worst("bytes, large Parquet", lambda cell: cell.bytes_ratio, one_group + groups, 1 / 15, ".3f"),
        *_worst("requests", lambda cell: cell.requests_ratio, cells, 1 / 2),
        *_worst("peak MB", lambda cell: cell.ours.peak_bytes / 1e6, cells, _PEAK_MB, ".0f"),
    ]


def _worst(
    what: str, figure: Callable[[Cell], float], cells: Sequence[Cell], aim: float, form: str = ".2f"
) -> list[Aim]:
    if not cells:
        return []
    worst = max(cells, key=figure)
    return [Aim(f"{what}, most: {worst.dataset}, {worst.latency} ms", figure(worst), "<=", aim, form)]


def _row(cell: Cell) -> tuple[str, ...]:
    ours, library = cell.ours, cell.library
    return (
        cell.dataset,
        *(f"{ours.seconds:.2f}", f"{library.seconds:.2f}", f"{cell.time_ratio:.2f}"),
        *(f"{ours.requests:.1f}", f"{library.requests:.1f}", f"{cell.requests_ratio:.2f}"),
        *(f"{ours.bytes / 1e6:.2f}", f"{library.bytes / 1e6:.2f}", f"{cell.bytes_ratio:.3f}"),
        *(f"{ours.peak_bytes / 1e6:.0f}", f"{library.peak_bytes / 1e6:.0f}", f"{cell.peak_ratio:.2f}"),
    )
