"""The verb about changes that were made by others."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import Field

from admin.audit import Change
from admin.audit_text import changes_table
from admin.desk import Desk
from admin.text import more
from admin.verb import DatasetName, Limit, Offset, Parameters, Verb


class Wanted(Parameters):
    """Which are listed."""

    dataset: DatasetName | None = Field(None, description="Only those of this dataset")
    limit: Limit = 50
    offset: Offset = 0


@dataclass(frozen=True, slots=True)
class Changes:
    """The latest changes first; `at` is the time of the view."""

    at: datetime
    changes: list[Change]


def _list(desk: Desk, wanted: Wanted) -> Changes:
    changes = desk.audit.list(dataset=wanted.dataset, offset=wanted.offset, limit=wanted.limit)
    return Changes(desk.now(), changes)


def _text(listed: Changes, wanted: Wanted) -> str:
    if not listed.changes:
        return "nothing was changed"
    return "\n\n".join([changes_table(listed.changes, listed.at), *more(listed.changes, wanted.limit)])


VERBS: tuple[Verb[Any, Any], ...] = (
    Verb(
        name="audit list",
        parameters=Wanted,
        does=_list,
        text=_text,
        summary="Who changed what, and when",
    ),
)
