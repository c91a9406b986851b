"""Verbs about datasets."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from libcache.assets import Size
from libcache.browsing import AnswerView
from libcache.records import Record
from libcache.schema import READABLE
from libqueue.inspection import DeadView, JobView, PauseView, RunView
from libqueue.model import JobKey, Priority
from libqueue.pauses import Scope
from pydantic import Field

from admin.assets_text import size_text
from admin.audit import Change
from admin.audit_text import changes_table
from admin.desk import Desk
from admin.errors import NothingError
from admin.jobs_text import dead_table, history_table, jobs_table, pause_text
from admin.text import NONE, ago, table
from admin.verb import Cursor, DatasetName, Done, Limit, NamespaceName, Parameters, Step, Verb, counted, said
from admin.verbs.answers import answers_table

# Of each list on the page of a dataset.
_SHOWN = 100
_PAGE_LENGTH = 500
_ABOUT_BLOCKING = (
    "Nobody gets anything of the dataset from then on, and no job runs for it, whatever the Hub says, until it is "
    "unblocked. Its answers are not removed: `datasets drop` does that."
)
_ABOUT_DROPPING = (
    "Removes its answers and takes its jobs out of the queue; its media files go with the next sweep. If the Hub still "
    "has the dataset, the next request or event, or the next comparison with the Hub, has it read from the start."
)
_ABOUT_WARMING = (
    "Reads the Hub's list, and queues those of its datasets that nothing is known of yet, behind all other jobs."
)


class Named(Parameters):
    """One dataset."""

    dataset: DatasetName = Field(description="NAMESPACE/NAME or NAME")


class Listed(Parameters):
    """How many are listed."""

    limit: Limit = 50


class Warming(Parameters):
    """Which datasets of the Hub's list."""

    namespace: NamespaceName | None = Field(None, description="Only those of this namespace")
    known: bool = Field(False, description="Those too that have been read")
    cursor: Cursor = None


@dataclass(frozen=True, slots=True)
class DatasetState:
    """All there is about a dataset; of each list so many at most. `at` is the time of the views."""

    at: datetime
    dataset: str
    record: Record | None
    answers: list[AnswerView]
    jobs: list[JobView]
    dead: list[DeadView]
    pauses: list[PauseView]
    runs: list[RunView]
    assets: Size
    changes: list[Change]


@dataclass(frozen=True, slots=True)
class Blocked:
    """The datasets that are blocked; `at` is the time of the view."""

    at: datetime
    datasets: list[Record]


def _show(desk: Desk, named: Named) -> DatasetState:
    dataset = named.dataset
    namespace = JobKey("datasets", dataset).namespace
    state = DatasetState(
        at=desk.now(),
        dataset=dataset,
        record=desk.records.find(dataset),
        answers=desk.browsing.of_dataset(dataset, limit=_SHOWN),
        jobs=desk.inspection.jobs(dataset=dataset, limit=_SHOWN),
        dead=desk.inspection.dead(dataset=dataset, limit=_SHOWN),
        pauses=[
            pause
            for pause in desk.inspection.pauses()
            if (pause.scope, pause.name) in ((Scope.DATASET, dataset), (Scope.NAMESPACE, namespace))
        ],
        runs=desk.inspection.runs(dataset, limit=_SHOWN),
        assets=sum((folder.size() for folder in desk.assets.folders(dataset)), Size()),
        changes=desk.audit.list(dataset=dataset, offset=0, limit=_SHOWN),
    )
    if state.record is None and not (state.answers or state.jobs or state.dead or state.changes):
        raise NothingError(f"{dataset}: nothing is known of such a dataset")
    return state


def _refresh(desk: Desk, named: Named) -> Done:
    desk.answers.mark_all_stale(named.dataset)
    # First the note: a job that finds no news would leave the answers as they are.
    desk.records.announce(named.dataset)
    desk.queue.add(JobKey("datasets", named.dataset))
    return Done(f"{named.dataset} is read again: its job is queued")


def _block(desk: Desk, named: Named) -> Done:
    if not desk.records.block(named.dataset):
        raise NothingError(f"{named.dataset} is blocked already")
    desk.queue.cancel(named.dataset)
    return Done(f"{named.dataset} is blocked")


def _unblock(desk: Desk, named: Named) -> Done:
    if not desk.records.unblock(named.dataset):
        raise NothingError(f"{named.dataset} is not blocked")
    desk.queue.add(JobKey("datasets", named.dataset))
    return Done(f"{named.dataset} is not blocked any more: its job is queued")


def _drop(desk: Desk, named: Named) -> Done:
    dataset = named.dataset
    known = desk.records.forget(dataset)
    jobs = desk.queue.cancel(dataset)
    answers = desk.answers.remove(dataset)
    desk.plans.remove(dataset)
    if not (known or jobs or answers):
        raise NothingError(f"{dataset}: nothing is known of such a dataset")
    return Done(f"{dataset} is dropped: {answers} answers, {jobs} jobs")


def _blocked(desk: Desk, listed: Listed) -> Blocked:
    return Blocked(desk.now(), desk.records.blocked(listed.limit))


def _warm(desk: Desk, warming: Warming) -> Step:
    page = desk.hub.page(author=warming.namespace, cursor=warming.cursor, length=_PAGE_LENGTH)
    records = {} if warming.known else desk.records.find_many(page.datasets)
    cold = [name for name in page.datasets if name not in records or records[name].visibility not in READABLE]
    desk.queue.add_many([JobKey("datasets", dataset) for dataset in cold], priority=Priority.LOW)
    return Step({"listed": len(page.datasets), "queued": len(cold)}, page.cursor)


def _show_text(state: DatasetState, _named: Named) -> str:
    at, record = state.at, state.record
    lines = {"dataset": state.dataset, "assets": size_text(state.assets)}
    if record is not None:
        lines |= {
            "visibility": record.visibility.value,
            "revision": record.revision or NONE,
            "generation": str(record.generation),
            "seen": ago(record.seen_at, at) if record.seen_at else NONE,
            "refreshing": "yes" if record.refreshing else "no",
            "blocked": ago(record.blocked_at, at) if record.blocked_at else "no",
        }
    blocks = ["\n".join(f"{name + ':':14}{value}" for name, value in lines.items())]
    blocks += [pause_text(pause, at) for pause in state.pauses]
    blocks += _block_of("answers", state.answers, answers_table, at)
    blocks += _block_of("jobs", state.jobs, jobs_table, at)
    blocks += _block_of("dead", state.dead, dead_table, at)
    blocks += _block_of("last runs", state.runs, history_table, at)
    blocks += _block_of("changes", state.changes, changes_table, at)
    return "\n\n".join(blocks)


def _block_of(title: str, views: Sequence[Any], drawn: Any, at: datetime) -> list[str]:
    return [f"{title}:\n{drawn(views, at)}"] if views else []


def _blocked_text(blocked: Blocked, _listed: Listed) -> str:
    if not blocked.datasets:
        return "nothing is blocked"
    rows = [
        (record.dataset, ago(record.blocked_at, blocked.at) if record.blocked_at else NONE)
        for record in blocked.datasets
    ]
    return table(("DATASET", "BLOCKED"), rows)


_NAMED = ("dataset",)
VERBS: tuple[Verb[Any, Any], ...] = (
    Verb(
        name="datasets show",
        parameters=Named,
        does=_show,
        text=_show_text,
        summary="All there is about a dataset",
        places=_NAMED,
    ),
    Verb(
        name="datasets refresh",
        parameters=Named,
        does=_refresh,
        text=said,
        summary="Compute all answers of a dataset anew",
        about="Clients get what is stored, marked as stale, until the jobs have run.",
        places=_NAMED,
        changes=True,
    ),
    Verb(
        name="datasets block",
        parameters=Named,
        does=_block,
        text=said,
        summary="Serve and read a dataset no more",
        about=_ABOUT_BLOCKING,
        places=_NAMED,
        changes=True,
    ),
    Verb(
        name="datasets unblock",
        parameters=Named,
        does=_unblock,
        text=said,
        summary="Serve and read a dataset again",
        places=_NAMED,
        changes=True,
    ),
    Verb(
        name="datasets blocked",
        parameters=Listed,
        does=_blocked,
        text=_blocked_text,
        summary="The datasets that are blocked",
    ),
    Verb(
        name="datasets drop",
        parameters=Named,
        does=_drop,
        text=said,
        summary="Forget a dataset",
        about=_ABOUT_DROPPING,
        places=_NAMED,
        changes=True,
    ),
    Verb(
        name="datasets warm",
        parameters=Warming,
        does=_warm,
        text=counted,
        summary="Queue the datasets of the Hub's list",
        about=_ABOUT_WARMING,
        changes=True,
    ),
)
