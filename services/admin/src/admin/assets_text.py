"""The media files in words and tables, for the terminals of operators."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from libcache.assets import Size
from libcache.auditing import BrokenAnswer, Survey
from libcache.sweeping import State
from libcache.usage import Measured

from admin.text import NONE, more, size, table

_MEANINGS = {
    State.NAMED: "an answer points to them",
    State.KEPT: "no answer does any more or yet: the grace period, or a job that runs",
    State.TO_REMOVE: "the next sweep removes them",
}
_MISSING = "missing"


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
            states={state.value: _size(there) for state, there in survey.states.items()},
            missing_files=sum(len(answer.missing) for answer in broken),
            quota_bytes=quota,
            used_bytes=measured.used_bytes if measured else None,
            measured_at=measured.at if measured else None,
            datasets=[{"dataset": name, **_size(there)} for name, there in survey.datasets[:limit]],
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
        used = NONE if report.used_bytes is None else size(report.used_bytes)
        blocks.append(f"quota: {size(report.quota_bytes)}; counted against it: {used}")
    if report.datasets:
        rows = [(each["dataset"], str(each["files"]), size(each["bytes"])) for each in report.datasets]
        blocks.append(table(("DATASET", "FILES", "SIZE"), rows))
    if report.broken_answers:
        broken = [
            (each["dataset"], each["config"], each["split"], str(len(each["missing"])), each["missing"][0])
            for each in report.broken_answers
        ]
        blocks.append(table(("DATASET", "CONFIG", "SPLIT", "MISSING", "FOR EXAMPLE"), broken))
    longest = max(report.datasets, report.broken_answers, key=len)
    return "\n\n".join([*blocks, *more(longest, limit)])


def size_text(there: Size) -> str:
    """How many files, and how large together."""
    return f"{there.files} files, {size(there.bytes)}"


def _states_table(report: Report) -> str:
    rows = [
        (state.replace("_", " "), str(there["files"]), size(there["bytes"]), _MEANINGS[State(state)])
        for state, there in report.states.items()
    ]
    rows.append((_MISSING, str(report.missing_files), NONE, "an answer points to them, and they aren't there"))
    return table(("STATE", "FILES", "SIZE", "MEANS"), rows)


def _size(there: Size) -> dict[str, int]:
    return {"files": there.files, "bytes": there.bytes}
