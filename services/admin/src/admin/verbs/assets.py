"""Verbs about the media files."""

import time
from dataclasses import dataclass
from typing import Any

from libcache.answers import Kind
from libcache.assets import Size
from libcache.auditing import broken_answers, survey
from libcache.browsing import Bookmark
from libcache.sweeping import Place, Swept
from libqueue.model import JobKey

from admin.assets_text import Report, report_text
from admin.desk import Desk
from admin.errors import UsageError
from admin.verb import STEP, Cursor, Limit, Parameters, Step, Verb, counted

_STEP_SECONDS = 1.0
_ABOUT_REPORTING = "Walks over all files and all answers that point to some, which may take long. Changes nothing."
_ABOUT_SWEEPING = "Does now, and at once, what the workers do now and then: see ASSETS_SWEEP_INTERVAL_SECONDS."
_ABOUT_REPAIRING = (
    "Queues the jobs again whose answers point to files that aren't there. The answers stay until these have run."
)


class Listed(Parameters):
    """How many datasets and answers are listed."""

    limit: Limit = 20


class Whole(Parameters):
    """All of them, step by step."""

    cursor: Cursor = None


def _report(desk: Desk, listed: Listed) -> Report:
    labels = desk.answers.with_assets()
    return Report.of(
        survey(desk.sweeper),
        list(broken_answers(labels, desk.assets, desk.records, desk.answers)),
        desk.usage.measured(),
        desk.usage.quota,
        limit=listed.limit,
    )


@dataclass(frozen=True, slots=True)
class _Sweep:
    """A pass that is under way: what `Usage.begin` gave, what was found there so far, and the dataset to go on with."""

    begun: int
    there: Size
    since: str | None

    @classmethod
    def parse(cls, cursor: str) -> "_Sweep":
        try:
            begun, files, bytes_, since = cursor.split(" ")
            return cls(int(begun), Size(int(files), int(bytes_)), since)
        except ValueError:
            raise UsageError("expected the cursor of the step before") from None

    def __str__(self) -> str:
        return f"{self.begun} {self.there.files} {self.there.bytes} {self.since}"


def _sweep(desk: Desk, whole: Whole) -> Step:
    if whole.cursor is None:
        sweep = _Sweep(desk.usage.begin(), Size(), None)
        desk.assets.remove_abandoned()
    else:
        sweep = _Sweep.parse(whole.cursor)
    end = time.monotonic() + _STEP_SECONDS
    swept = Swept()
    for number, dataset in enumerate(desk.sweeper.datasets(sweep.since)):
        # One at least.
        if number and time.monotonic() >= end:
            return _step(swept, str(_Sweep(sweep.begun, sweep.there + swept.there, dataset)))
        swept += _sweep_dataset(desk, dataset)
    desk.usage.end(sweep.begun, sweep.there + swept.there)
    return _step(swept, None)


def _sweep_dataset(desk: Desk, dataset: str) -> Swept:
    swept = Swept()
    place: Place | None = Place(dataset)
    while place is not None:
        more, place = desk.sweeper.sweep(place)
        swept += more
    return swept


def _step(swept: Swept, cursor: str | None) -> Step:
    removed, there = swept.removed, swept.there
    counts = {
        "removed_files": removed.files,
        "removed_bytes": removed.bytes,
        "files_still_there": there.files,
        "bytes_still_there": there.bytes,
    }
    return Step(counts, cursor)


def _repair(desk: Desk, whole: Whole) -> Step:
    try:
        after = Bookmark.parse(whole.cursor) if whole.cursor else None
    except ValueError:
        raise UsageError("expected the cursor of the step before") from None
    good = desk.browsing.answers([None], [Kind.FIRST_ROWS], after=after, limit=STEP)
    labels = ((answer.key, answer.generation) for answer in good)
    broken = [answer.key for answer in broken_answers(labels, desk.assets, desk.records, desk.answers)]
    desk.queue.add_many([JobKey("splits", key.dataset, key.config, key.split) for key in broken])
    cursor = str(Bookmark.after(good[-1])) if len(good) == STEP else None
    return Step({"queued_again": len(broken)}, cursor)


VERBS: tuple[Verb[Any, Any], ...] = (
    Verb(
        name="assets report",
        parameters=Listed,
        does=_report,
        text=lambda report, listed: report_text(report, listed.limit),
        summary="Which media files are there, and which are missing",
        about=_ABOUT_REPORTING,
    ),
    Verb(
        name="assets sweep",
        parameters=Whole,
        does=_sweep,
        text=counted,
        summary="Remove media files that no answer points to any more",
        about=_ABOUT_SWEEPING,
        changes=True,
    ),
    Verb(
        name="assets repair",
        parameters=Whole,
        does=_repair,
        text=counted,
        summary="Have missing media files made again",
        about=_ABOUT_REPAIRING,
        changes=True,
    ),
)
