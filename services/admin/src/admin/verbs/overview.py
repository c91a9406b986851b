"""The verb that shows the whole at a glance."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from libcache.browsing import AnswerCount, PassView
from libqueue.inspection import Counts, Depth, PauseView

from admin.desk import Desk
from admin.jobs_text import pause_text, queue_text
from admin.text import NONE, ago, table
from admin.verb import Nothing, Verb


@dataclass(frozen=True, slots=True)
class Overview:
    """Counts of everything; `at` is the time of the views. `datasets` are by visibility, and the `blocked` ones."""

    at: datetime
    counts: Counts
    depths: list[Depth]
    pauses: list[PauseView]
    answers: list[AnswerCount]
    datasets: dict[str, int]
    blocked: int
    passes: list[PassView]


def overview(desk: Desk) -> Overview:
    """Counts everything: it reads indexes from their beginning to their end."""
    return Overview(
        at=desk.now(),
        counts=desk.inspection.counts(),
        depths=desk.inspection.depths(),
        pauses=desk.inspection.pauses(),
        answers=desk.browsing.counts(),
        datasets=desk.browsing.datasets(),
        blocked=desk.records.count_blocked(),
        passes=desk.browsing.passes(),
    )


def _text(seen: Overview, _parameters: Nothing) -> str:
    at = seen.at
    datasets = ", ".join(f"{count} {visibility}" for visibility, count in sorted(seen.datasets.items()))
    blocks = [
        "\n".join([queue_text(seen.counts), *(pause_text(pause, at) for pause in seen.pauses)]),
        f"datasets: {datasets or 'none'}; blocked: {seen.blocked}",
    ]
    if seen.depths:
        depths = [
            (
                depth.type,
                depth.priority,
                depth.status,
                _why_apart(depth),
                str(depth.jobs),
                ago(depth.oldest, at),
            )
            for depth in seen.depths
        ]
        blocks.append(table(("TYPE", "PRIORITY", "STATUS", "APART", "JOBS", "OLDEST"), depths))
    if seen.answers:
        answers = [(each.kind, each.code or NONE, str(each.answers), str(each.stale)) for each in seen.answers]
        blocks.append(table(("KIND", "CODE", "ANSWERS", "STALE"), answers))
    if seen.passes:
        passes = [
            (
                each.name,
                each.phase or NONE,
                ago(each.started_at, at) if each.started_at else NONE,
                ago(each.finished_at, at) if each.finished_at else NONE,
                str(each.failures),
            )
            for each in seen.passes
        ]
        blocks.append(table(("PASS", "PHASE", "BEGAN", "ENDED", "FAILURES"), passes))
    return "\n\n".join(blocks)


def _why_apart(depth: Depth) -> str:
    if depth.paused:
        return "paused"
    return "crowded" if depth.crowded else NONE


VERBS: tuple[Verb[Any, Any], ...] = (
    Verb(
        name="overview",
        parameters=Nothing,
        does=lambda desk, _parameters: overview(desk),
        text=_text,
        summary="Everything at a glance, in counts",
    ),
)
