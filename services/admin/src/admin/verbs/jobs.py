"""Verbs about the jobs that wait or run."""

from datetime import datetime
from typing import Any

from libqueue.inspection import KeyView
from libqueue.model import JobKey, Priority, Status
from libqueue.pauses import Scope
from pydantic import Field

from admin.desk import Desk
from admin.errors import NothingError, UsageError
from admin.jobs_text import Listing, Shown, key_text, list_text, show_text
from admin.verb import (
    STEP,
    Choice,
    DatasetName,
    Done,
    JobType,
    Limit,
    NamespaceName,
    Offset,
    OfJobs,
    Parameters,
    Step,
    Verb,
    counted,
    said,
)

# What names a job of each type, beside its dataset.
PARTS = {"datasets": (), "splits": ("config", "split")}
_ABOUT_CANCELLING = (
    "Takes a job out of the queue; a worker that runs it throws its result away. The answers that are stored stay as "
    "they are, and the next event of the dataset queues its jobs again."
)
_ABOUT_REQUEUING = (
    "Queues a job that asks the Hub about each dataset, and takes the jobs of its splits out of the queue: those that "
    "are still needed are queued again by it."
)
_ABOUT_PAUSING = "Starts no more such jobs, after a second; those that run go on."


class Wanted(OfJobs):
    """Which jobs are listed."""

    status: Status | None = Field(None, description="Only those in this state")
    limit: Limit = 50
    offset: Offset = 0


class Key(Parameters):
    """One job."""

    type: JobType = Field(description="datasets or splits")
    dataset: DatasetName = Field(description="NAMESPACE/NAME or NAME")
    config: str | None = Field(None, description="Of a job of type splits")
    split: str | None = Field(None, description="Of a job of type splits")

    @property
    def job(self) -> JobKey:
        """The same as the queue has it.

        Raises:
            UsageError: a job of this type is named otherwise.
        """
        parts = PARTS[self.type]
        given = [value for value in (self.config, self.split) if value is not None]
        if len(given) != len(parts):
            expected = " ".join(("DATASET", *(part.upper() for part in parts)))
            raise UsageError(f"a job of type {self.type} is named by {expected}")
        return JobKey(self.type, self.dataset, *given)


class Many(OfJobs, Choice):
    """Which jobs are changed."""

    status: Status | None = Field(None, description="Only those in this state")


class Pausable(Parameters):
    """What is paused."""

    scope: Scope = Field(description="type, namespace or dataset")
    name: str = Field(description="Its name")


class _Type(Parameters):
    name: JobType


class _Namespace(Parameters):
    name: NamespaceName


class _Dataset(Parameters):
    name: DatasetName


_CHECKS: dict[Scope, type[Parameters]] = {
    Scope.TYPE: _Type,
    Scope.NAMESPACE: _Namespace,
    Scope.DATASET: _Dataset,
}


def _list(desk: Desk, wanted: Wanted) -> Listing:
    return Listing(
        at=desk.now(),
        counts=desk.inspection.counts(),
        pauses=desk.inspection.pauses(),
        jobs=desk.inspection.jobs(
            limit=wanted.limit,
            offset=wanted.offset,
            status=wanted.status,
            type_=wanted.type,
            namespace=wanted.namespace,
            dataset=wanted.dataset,
        ),
    )


def _show(desk: Desk, key: Key) -> Shown:
    view: KeyView | None = desk.inspection.job(key.job)
    if view is None:
        raise NothingError(f"{key_text(key.job)}: no such job waits, runs, is dead or ended lately")
    return Shown(desk.now(), view)


def _cancel(desk: Desk, key: Key) -> Done:
    if not desk.queue.cancel_one(key.job):
        raise NothingError(f"{key_text(key.job)}: no such job waits or runs")
    return Done(f"{key_text(key.job)} is cancelled")


def _cancel_many(desk: Desk, many: Many) -> Step:
    keys, cursor = _next(desk, many)
    return Step({"cancelled": sum(map(desk.queue.cancel_one, keys))}, cursor)


def _requeue_many(desk: Desk, many: Many) -> Step:
    keys, cursor = _next(desk, many)
    datasets = list(dict.fromkeys(key.dataset for key in keys))
    # First what replaces them: cut off in between, they are there twice rather than not at all.
    for dataset in datasets:
        desk.records.announce(dataset)
    desk.queue.add_many([JobKey("datasets", dataset) for dataset in datasets], priority=Priority.LOW)
    cancelled = sum(desk.queue.cancel_one(key) for key in keys if key.type != "datasets")
    return Step({"queued": len(datasets), "cancelled": cancelled}, cursor)


def _next(desk: Desk, many: Many) -> tuple[list[JobKey], str | None]:
    """Some of the jobs that were there when the first step began, and the cursor of the next step."""
    wanted = many.wanted
    began, _, after = (many.cursor or f"{desk.now().isoformat()} ").partition(" ")
    try:
        until = datetime.fromisoformat(began)
    except ValueError:
        raise UsageError("expected the cursor of the step before") from None
    keys = desk.inspection.keys(wanted, after=after, until=until, limit=STEP)
    return keys, f"{began} {keys[-1]}" if len(keys) == STEP else None


def _pause(desk: Desk, what: Pausable) -> Done:
    _check(what)
    if any((pause.scope, pause.name) == (what.scope, what.name) for pause in desk.inspection.pauses()):
        raise NothingError(f"{what.scope} {what.name} is paused already")
    desk.queue.pause(what.scope, what.name)
    return Done(f"{what.scope} {what.name} is paused")


def _resume(desk: Desk, what: Pausable) -> Done:
    _check(what)
    if not desk.queue.resume(what.scope, what.name):
        raise NothingError(f"{what.scope} {what.name} is not paused")
    return Done(f"{what.scope} {what.name} goes on")


def _check(what: Pausable) -> None:
    _CHECKS[what.scope].model_validate({"name": what.name})


_KEY = ("type", "dataset", "config", "split")
_PAUSABLE = ("scope", "name")

VERBS: tuple[Verb[Any, Any], ...] = (
    Verb(
        name="jobs list",
        parameters=Wanted,
        does=_list,
        text=lambda listing, wanted: list_text(listing, wanted.limit),
        summary="Counts, what is paused, and the jobs that wait or run",
    ),
    Verb(
        name="jobs show",
        parameters=Key,
        does=_show,
        text=lambda shown, key: show_text(key.job, shown),
        summary="All there is about one job",
        places=_KEY,
    ),
    Verb(
        name="jobs cancel",
        parameters=Key,
        does=_cancel,
        text=said,
        summary="Take a job out of the queue",
        about=_ABOUT_CANCELLING,
        places=_KEY,
        changes=True,
    ),
    Verb(
        name="jobs cancel-many",
        parameters=Many,
        does=_cancel_many,
        text=counted,
        summary="Take jobs out of the queue",
        about=_ABOUT_CANCELLING,
        changes=True,
    ),
    Verb(
        name="jobs requeue-many",
        parameters=Many,
        does=_requeue_many,
        text=counted,
        summary="Begin again with the datasets of jobs",
        about=_ABOUT_REQUEUING,
        changes=True,
    ),
    Verb(
        name="jobs pause",
        parameters=Pausable,
        does=_pause,
        text=said,
        summary="Start no more jobs of a type, a namespace or a dataset",
        about=_ABOUT_PAUSING,
        places=_PAUSABLE,
        changes=True,
    ),
    Verb(
        name="jobs resume",
        parameters=Pausable,
        does=_resume,
        text=said,
        summary="End a pause",
        places=_PAUSABLE,
        changes=True,
    ),
)
