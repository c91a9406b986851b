"""Figures of several runs, as rows of a table."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Aim:
    """What a figure should come to; `form` is how both are shown."""

    what: str
    measured: float
    sign: Literal["<=", ">="]
    aim: float
    form: str = ".2f"

    @property
    def is_met(self) -> bool:
        """Whether it does."""
        return self.measured <= self.aim if self.sign == "<=" else self.measured >= self.aim


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest of `values` that at least `share` (0 to 1) of them don't exceed."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * round(share * 100) // 100) - 1)]


def seconds_table(rows: Mapping[str, Sequence[float]]) -> str:
    """A line a row: runs, median and 95th percentile in seconds, and the median as a ratio to the first row's."""
    first = statistics.median(next(iter(rows.values())))
    lines = [f"{'':<44} {'runs':>5} {'median s':>9} {'p95 s':>7} {'ratio':>6}"]
    for name, values in rows.items():
        median = statistics.median(values)
        lines.append(
            f"{name:<44} {len(values):>5} {median:>9.3f} {percentile(values, 0.95):>7.3f} {median / first:>6.2f}"
        )
    return "\n".join(lines)


def columns(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A line of heads and a line a row: the first column flush left, the others flush right."""
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    lines = [
        [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        for row in (head, *rows)
    ]
    return "\n".join("  ".join(line).rstrip() for line in lines)


def aims_table(aims: Sequence[Aim]) -> str:
    """A line an aim: what was measured, what it should come to, and whether it does."""
    rows = [
        (aim.what, f"{aim.measured:{aim.form}}", f"{aim.sign} {aim.aim:{aim.form}}", "met" if aim.is_met else "missed")
        for aim in aims
    ]
    return columns(("", "measured", "aim", ""), rows)
