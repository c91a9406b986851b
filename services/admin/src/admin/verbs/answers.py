"""Verbs about the stored answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from libcache.answers import Kind
from libcache.browsing import AnswerView, Bookmark
from libcommon.errors import CATALOGUE
from libqueue.model import JobKey, Priority
from pydantic import Field, field_validator

from admin.desk import Desk
from admin.errors import UsageError
from admin.text import NONE, ago, plain, size, table
from admin.verb import STEP, Cursor, Limit, Parameters, Step, Verb, counted

_GOOD = 200
_STATUSES = sorted({_GOOD, *(entry.status for entry in CATALOGUE.values() if entry.fault is not None)})


class Labels(Parameters):
    """Which answers, by what they say."""

    kind: Kind | None = Field(None, description="Only those of this kind")
    code: str | None = Field(None, description="Only those with this error code")
    status: int | None = Field(None, description="Only those with this HTTP status; 200: the good ones")
    cursor: Cursor = None

    @field_validator("code")
    @classmethod
    def _is_stored(cls, value: str | None) -> str | None:
        if value is not None and (value not in CATALOGUE or CATALOGUE[value].fault is None):
            raise ValueError(f"{plain(value)} is no error code of an answer: docs/errors.md lists those with a fault")
        return value

    @field_validator("status")
    @classmethod
    def _is_a_status(cls, value: int | None) -> int | None:
        if value is not None and value not in _STATUSES:
            raise ValueError(f"no answer has this status; expected one of {', '.join(map(str, _STATUSES))}")
        return value

    @property
    def codes(self) -> list[str | None]:
        """The error codes that the answers may have; None stands for the good ones."""
        if self.code is not None:
            return [self.code] if self.status in (None, CATALOGUE[self.code].status) else []
        stored = [entry for entry in CATALOGUE.values() if entry.fault is not None]
        good: list[str | None] = [None] if self.status in (None, _GOOD) else []
        return [*good, *(entry.name for entry in stored if self.status in (None, entry.status))]

    @property
    def kinds(self) -> list[Kind]:
        """The kinds that they may have."""
        return [self.kind] if self.kind is not None else list(Kind)

    @property
    def bookmark(self) -> Bookmark | None:
        """Where to go on.

        Raises:
            UsageError: the cursor is of something else.
        """
        try:
            bookmark = Bookmark.parse(self.cursor) if self.cursor is not None else None
        except ValueError:
            bookmark = Bookmark("", Kind.SPLITS, "", None, None)
        if bookmark is not None and (bookmark.code not in self.codes or bookmark.kind not in self.kinds):
            raise UsageError("expected the cursor of the page before, and the same parameters")
        return bookmark


class Wanted(Labels):
    """Which are listed."""

    limit: Limit = 50


@dataclass(frozen=True, slots=True)
class AnswerListing:
    """A page of them, and where the next begins; None after the last. `at` is the time of the views."""

    at: datetime
    answers: list[AnswerView]
    cursor: str | None


def _list(desk: Desk, wanted: Wanted) -> AnswerListing:
    answers, cursor = _next(desk, wanted, wanted.limit)
    return AnswerListing(desk.now(), answers, cursor)


def _refresh(desk: Desk, labels: Labels) -> Step:
    answers, cursor = _next(desk, labels, STEP)
    # First the marks: a job that finds none has nothing to do.
    marked = [answer for answer in answers if desk.answers.mark_stale(answer.key)]
    desk.queue.add_many([job_of(answer) for answer in marked], priority=Priority.LOW)
    return Step({"queued": len(marked)}, cursor)


def _next(desk: Desk, labels: Labels, length: int) -> tuple[list[AnswerView], str | None]:
    answers = desk.browsing.answers(labels.codes, labels.kinds, after=labels.bookmark, limit=length)
    return answers, str(Bookmark.after(answers[-1])) if len(answers) == length else None


def job_of(answer: AnswerView) -> JobKey:
    """The job that computes an answer."""
    if answer.kind is Kind.SPLITS:
        return JobKey("datasets", answer.dataset)
    return JobKey("splits", answer.dataset, answer.config, answer.split)


def answers_table(answers: Sequence[AnswerView], at: datetime) -> str:
    """Answers for a terminal."""
    rows = [
        (
            answer.kind,
            answer.dataset,
            answer.config or NONE,
            answer.split or NONE,
            str(answer.status),
            answer.code or NONE,
            f"stale, {answer.failed_code}" if answer.failed_code else "stale" if answer.stale else NONE,
            size(answer.size),
            ago(answer.written_at, at),
        )
        for answer in answers
    ]
    return table(("KIND", "DATASET", "CONFIG", "SPLIT", "STATUS", "CODE", "STALE", "SIZE", "WRITTEN"), rows)


def _text(listing: AnswerListing, _wanted: Wanted) -> str:
    if not listing.answers:
        return "there is no such answer"
    more = [f"There may be more: --cursor '{plain(listing.cursor)}'"] if listing.cursor else []
    return "\n\n".join([answers_table(listing.answers, listing.at), *more])


VERBS: tuple[Verb[Any, Any], ...] = (
    Verb(
        name="answers list",
        parameters=Wanted,
        does=_list,
        text=_text,
        summary="The stored answers, by kind, status and error code",
    ),
    Verb(
        name="answers refresh",
        parameters=Labels,
        does=_refresh,
        text=counted,
        summary="Compute answers anew, by kind, status or error code",
        about="Clients get what is stored, marked as stale, until the jobs that this queues have run.",
        changes=True,
    ),
)
