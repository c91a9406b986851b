"""Verbs about the jobs that were given up."""

from datetime import datetime
from typing import Any

from pydantic import Field

from admin.desk import Desk
from admin.errors import UsageError
from admin.jobs_text import DeadListing, dead_text
from admin.verb import (
    STEP,
    Choice,
    Limit,
    Offset,
    OfJobs,
    Step,
    Verb,
    counted,
)


class Wanted(OfJobs):
    """Which are listed."""

    code: str | None = Field(None, description="Only those that died of this error code")
    limit: Limit = 50
    offset: Offset = 0


class Many(OfJobs, Choice):
    """Which are changed."""

    config: str | None = Field(None, description="Only those of configs of this name")
    split: str | None = Field(None, description="Only those of splits of this name")
    code: str | None = Field(None, description="Only those that died of this error code")


def _list(desk: Desk, wanted: Wanted) -> DeadListing:
    dead = desk.inspection.dead(
        limit=wanted.limit,
        offset=wanted.offset,
        type_=wanted.type,
        namespace=wanted.namespace,
        dataset=wanted.dataset,
        code=wanted.code,
    )
    return DeadListing(desk.now(), dead)


def _replay(desk: Desk, many: Many) -> Step:
    deaths, cursor = _next(desk, many)
    desk.dead.replay(desk.queue, deaths)
    return Step({"queued_again": len(deaths)}, cursor)


def _drop(desk: Desk, many: Many) -> Step:
    deaths, cursor = _next(desk, many)
    return Step({"dropped": desk.dead.forget(deaths)}, cursor)


def _next(desk: Desk, many: Many) -> tuple[list[dict[str, Any]], str | None]:
    """Some of those that had died when the first step began, and the cursor of the next step."""
    wanted = many.wanted
    began = many.cursor or desk.now().isoformat()
    try:
        until = datetime.fromisoformat(began)
    except ValueError:
        raise UsageError("expected the cursor of the step before") from None
    deaths = desk.dead.first(wanted, until, STEP)
    return deaths, began if len(deaths) == STEP else None


VERBS: tuple[Verb[Any, Any], ...] = (
    Verb(
        name="dead list",
        parameters=Wanted,
        does=_list,
        text=lambda listing, wanted: dead_text(listing, wanted.limit),
        summary="The jobs that were given up, and of what they died",
    ),
    Verb(
        name="dead replay",
        parameters=Many,
        does=_replay,
        text=counted,
        summary="Queue dead jobs again",
        about="They begin anew, with none of their setbacks counted.",
        changes=True,
    ),
    Verb(
        name="dead drop",
        parameters=Many,
        does=_drop,
        text=counted,
        summary="Forget dead jobs",
        about="The answers that tell of their errors stay. The next event of a dataset queues its jobs again.",
        changes=True,
    ),
)
