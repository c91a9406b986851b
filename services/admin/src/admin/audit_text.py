"""Changes in tables, for the terminals of operators."""

from collections.abc import Sequence
from datetime import datetime

from libcommon.jsons import dumps

from admin.audit import Change
from admin.text import ago, table


def changes_table(changes: Sequence[Change], at: datetime) -> str:
    """Who asked for what, when, and what came of it."""
    rows = [
        (
            ago(change.at, at),
            change.who,
            change.verb,
            dumps(change.parameters).decode(),
            change.outcome,
            dumps(change.result).decode(),
        )
        for change in changes
    ]
    return table(("WHEN", "WHO", "VERB", "PARAMETERS", "OUTCOME", "RESULT"), rows)
