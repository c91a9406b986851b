"""All verbs, in the order in which they are shown."""

from typing import Any

from admin.verb import Verb
from admin.verbs import answers, assets, audit, datasets, dead, jobs, migrations, overview

VERBS: tuple[Verb[Any, Any], ...] = (
    *overview.VERBS,
    *jobs.VERBS,
    *dead.VERBS,
    *answers.VERBS,
    *datasets.VERBS,
    *assets.VERBS,
    *audit.VERBS,
    *migrations.VERBS,
)
