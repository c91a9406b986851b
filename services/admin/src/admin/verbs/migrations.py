"""Verbs about what an upgrade changes in the databases."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import Field

from admin.desk import Desk
from admin.errors import UsageError
from admin.migrations import MIGRATIONS, MigrationState
from admin.text import NONE, ago, table
from admin.verb import Cursor, Nothing, Parameters, Step, Verb, counted

_LENGTH = 200
_ABOUT = (
    "To be run by the new release before its processes start; those of the release before go on meanwhile. It may be "
    "cut off and run again, and by several at once."
)


class Applying(Parameters):
    """How they are applied."""

    dry_run: bool = Field(False, description="Only count what would be changed")
    again: bool = Field(False, description="Those too that were applied: for what older processes wrote since")
    cursor: Cursor = None


@dataclass(frozen=True, slots=True)
class States:
    """All migrations; `at` is the time of the view."""

    at: datetime
    migrations: list[MigrationState]


def _list(desk: Desk, _parameters: Nothing) -> States:
    return States(desk.now(), desk.migrations.states())


def _apply(desk: Desk, applying: Applying) -> Step:
    if applying.dry_run:
        return Step({state.name.replace(" ", "_"): state.pending for state in desk.migrations.states()})
    try:
        version = int(applying.cursor or 0)
    except ValueError:
        raise UsageError("expected the cursor of the step before") from None
    applied = {} if applying.again else desk.migrations.applied()
    for migration in MIGRATIONS:
        if migration.version < version or migration.version in applied:
            continue
        if changed := desk.migrations.step(migration, _LENGTH):
            return Step({"changed": changed, "in_place": 0}, str(migration.version))
    return Step({"changed": 0, "in_place": len(MIGRATIONS)})


def _text(states: States, _parameters: Nothing) -> str:
    rows = [
        (str(each.version), each.name, ago(each.applied_at, states.at) if each.applied_at else NONE, str(each.pending))
        for each in states.migrations
    ]
    return table(("VERSION", "NAME", "APPLIED", "PENDING"), rows)


VERBS: tuple[Verb[Any, Any], ...] = (
    Verb(
        name="migrations list",
        parameters=Nothing,
        does=_list,
        text=_text,
        summary="What upgrades have changed in the databases, and what is left to change",
    ),
    Verb(
        name="migrations apply",
        parameters=Applying,
        does=_apply,
        text=counted,
        summary="Bring the databases up to this release",
        about=_ABOUT,
        changes=True,
    ),
)
