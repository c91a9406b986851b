"""The media files in words and tables, for the terminals of operators."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from libcache.auditing import BrokenAnswer, Survey
from libcache.folders import Size
from libcache.sweeping import State
from libcache.usage import Measured

from worker.tables import table

_MEANINGS = {
    State.NAMED: "an answer points to them",
    State.KEPT: "no answer does any more or yet: the grace period, or a job that runs",
    State.TO_REMOVE: "the next sweep removes them",
}
_MISSING = "missing"
_NONE = "-"
_UNITS = ((10**12, "TB"), (10**9, "GB"), (10**6, "MB"), (10**3, "kB"))


@dataclass(frozen=True, slots=True)
class Report:
    """What `report` shows; `measured_at` and `used_bytes` are None before the first sweep."""

    states: dict[str, dict[str, int]]
    missing_files: int
    quota_bytes: int | None
    used_bytes: int | None
    measured_at: datetime | None
    datasets: list[dict[str, Any]]
    broken_answers: list[dict[str, Any]]

    @classmethod
    def of(
        cls, survey: Survey, broken: list[BrokenAnswer], measured: Measured | None, quota: int | None, *, limit: int
    ) -> "Report":
        """The report of what was found, with so many datasets and answers at most."""
        return cls(
            states={state.value: _size(size) for state, size in survey.states.items()},
            missing_files=sum(len(answer.missing) for answer in broken),
            quota_bytes=quota,
            used_bytes=measured.used_bytes if measured else None,
            measured_at=measured.at if measured else None,
            datasets=[{"dataset": name, **_size(size)} for name, size in survey.datasets[:limit]],
            broken_answers=[
                {
                    "dataset": answer.key.dataset,
                    "config": answer.key.config,
                    "split": answer.key.split,
                    "missing": answer.missing,
                }
                for answer in broken[:limit]
            ],
        )


def report_text(report: Report, limit: int) -> str:
    """Up to three tables and the quota; `limit` is the most that a table may have."""
    blocks = [_states_table(report)]
    if report.quota_bytes is not None:
        used = _NONE if report.used_bytes is None else _bytes(report.used_bytes)
        blocks.append(f"quota: {_bytes(report.quota_bytes)}; counted against it: {used}")
    if report.datasets:
        rows = [(each["dataset"], str(each["files"]), _bytes(each["bytes"])) for each in report.datasets]
        blocks.append(table(("DATASET", "FILES", "SIZE"), rows))
    if report.broken_answers:
        broken = [
            (each["dataset"], each["config"], each["split"], str(len(each["missing"])), each["missing"][0])
            for each in report.broken_answers
        ]
        blocks.append(table(("DATASET", "CONFIG", "SPLIT", "MISSING", "FOR EXAMPLE"), broken))
    if limit in (len(report.datasets), len(report.broken_answers)):
        blocks.append(f"There may be more than the {limit} listed: --limit.")
    return "\n\n".join(blocks)


def size_text(size: Size) -> str:
    """How many files, and how large together."""
    return f"{size.files} files, {_bytes(size.bytes)}"


def _states_table(report: Report) -> str:
    rows = [
        (state.replace("_", " "), str(size["files"]), _bytes(size["bytes"]), _MEANINGS[State(state)])
        for state, size in report.states.items()
    ]
    rows.append((_MISSING, str(report.missing_files), _NONE, "an answer points to them, and they aren't there"))
    return table(("STATE", "FILES", "SIZE", "MEANS"), rows)


def _size(size: Size) -> dict[str, int]:
    return {"files": size.files, "bytes": size.bytes}


def _bytes(count: int) -> str:
    """About how much, in the largest unit of which there is one."""
    return next((f"{count / size:.1f} {unit}" for size, unit in _UNITS if count >= size), f"{count} B")
