"""Figures of several runs, as rows of a table."""

import statistics
from collections.abc import Mapping, Sequence


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
