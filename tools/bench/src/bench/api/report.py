"""The tables of what was measured, and what it should come to."""

from collections.abc import Iterator, Sequence

from bench.api.load import Load
from bench.api.measuring import Cell
from bench.api.residence import Residence
from bench.table import Aim, columns

_OF_LOAD = ("/s", "p50 ms", "p99 ms", "client")
_WHICH = ("", "kB", "processes", "connections")
_KEPT_HEAD = (*_WHICH, *_OF_LOAD, "memory:", *_OF_LOAD, "of memory", "")
_READ_HEAD = (*_WHICH, *_OF_LOAD, "bare: reads/s", "pairs/s", "of reads", "of pairs", "")
_NONE = "-"
# From this share of a CPU on, it is the client that is measured.
_BOUND = 0.9
_SPREAD = 10
_GROWTH = 0.05


def kept_table(cells: Sequence[Cell]) -> str:
    """A line a cell: answers that are kept, beside the same bytes from memory."""
    return columns(_KEPT_HEAD, [_kept_row(cell) for cell in cells])


def read_table(cells: Sequence[Cell]) -> str:
    """A line a cell: answers that are read, beside the driver's bare reads of their documents."""
    return columns(_READ_HEAD, [_read_row(cell) for cell in cells])


def aims(cells: Sequence[Cell], residence: Residence) -> list[Aim]:
    """What is aimed at, each by the cell that is farthest from it."""
    kept = [(cell, cell.of_memory, aim) for cell in cells if (aim := cell.case.of_memory) is not None]
    read = [
        (cell, share.pair, aim)
        for cell in cells
        if (aim := cell.case.of_pairs) is not None and (share := cell.of_bare) is not None
    ]
    return [
        *_least("kept, of memory", kept),
        *_least("read, of pairs", read),
        *_spread("kept", [(cell, cell.kept) for cell in cells]),
        *_spread("read", [(cell, cell.read) for cell in cells]),
        Aim(f"growth of memory over {residence.requests:,} requests", residence.growth, "<=", _GROWTH, ".1%"),
    ]


def _least(what: str, figures: Sequence[tuple[Cell, float, float]]) -> Iterator[Aim]:
    for aim in sorted({aim for _, _, aim in figures}):
        cell, least, _ = min((figure for figure in figures if figure[2] == aim), key=lambda figure: figure[1])
        yield Aim(f"{what}, least: {_named(cell)}", least, ">=", aim)


def _spread(what: str, loads: Sequence[tuple[Cell, Load]]) -> Iterator[Aim]:
    most = max((cell.connections for cell, _ in loads), default=0)
    spreads = [(cell, load.p99 / load.p50) for cell, load in loads if cell.connections == most]
    if spreads:
        cell, spread = max(spreads, key=lambda pair: pair[1])
        yield Aim(f"{what}, p99 of p50, most: {_named(cell)}", spread, "<=", _SPREAD, ".1f")


def _named(cell: Cell) -> str:
    return f"{cell.case.name}, {cell.processes} processes, {cell.connections} connections"


def _kept_row(cell: Cell) -> tuple[str, ...]:
    return (
        *_which(cell),
        *_of_load(cell.kept),
        "",
        *_of_load(cell.memory),
        f"{cell.of_memory:.2f}",
        _mark(cell.kept, cell.memory),
    )


def _read_row(cell: Cell) -> tuple[str, ...]:
    return *_which(cell), *_of_load(cell.read), *_of_bare(cell), _mark(cell.read)


def _which(cell: Cell) -> tuple[str, ...]:
    return cell.case.name, f"{cell.body_bytes / 1000:.1f}", f"{cell.processes}", f"{cell.connections}"


def _of_load(load: Load) -> tuple[str, ...]:
    return f"{load.rate:.0f}", f"{1000 * load.p50:.2f}", f"{1000 * load.p99:.2f}", f"{load.client_cpu:.0%}"


def _of_bare(cell: Cell) -> tuple[str, ...]:
    bare, share = cell.bare, cell.of_bare
    if bare is None or share is None:
        return (_NONE,) * 4
    return f"{bare.single:.0f}", f"{bare.pair:.0f}", f"{share.single:.2f}", f"{share.pair:.2f}"


def _mark(*loads: Load) -> str:
    return "client-bound" if any(load.client_cpu >= _BOUND for load in loads) else ""
