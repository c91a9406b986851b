"""The queue in words and tables, for the terminals of operators."""

from dataclasses import asdict, dataclass
from datetime import datetime

from libcommon.jsons import dumps
from libqueue.inspection import Counts, DeadView, JobView, KeyView, PauseView, RunView
from libqueue.model import JobKey, Setbacks

from admin.text import NONE, ago, more, plain, span, table

_KEY_COLUMNS = ("TYPE", "DATASET", "CONFIG", "SPLIT")
# Of a message in a table; `show` has the whole.
_MESSAGE_LENGTH = 60


@dataclass(frozen=True, slots=True)
class Listing:
    """Some of the jobs that wait or run; `at` is the time of the views."""

    at: datetime
    counts: Counts
    pauses: list[PauseView]
    jobs: list[JobView]


@dataclass(frozen=True, slots=True)
class DeadListing:
    """Some of the dead; `at` is the time of the views."""

    at: datetime
    dead: list[DeadView]


@dataclass(frozen=True, slots=True)
class Shown:
    """All there is about one key; `at` is the time of the view."""

    at: datetime
    view: KeyView


def list_text(listing: Listing, limit: int) -> str:
    """Counts, pauses and a table; `limit` is the most that it may have."""
    at = listing.at
    blocks = ["\n".join([queue_text(listing.counts), *(pause_text(pause, at) for pause in listing.pauses)])]
    blocks.append(jobs_table(listing.jobs, at) if listing.jobs else "nothing to list")
    return "\n\n".join([*blocks, *more(listing.jobs, limit)])


def dead_text(listing: DeadListing, limit: int) -> str:
    """A table; `limit` is the most that it may have."""
    if not listing.dead:
        return "no such job is dead"
    return "\n\n".join([dead_table(listing.dead, listing.at), *more(listing.dead, limit)])


def show_text(key: JobKey, shown: Shown) -> str:
    """Everything about one key."""
    view, at = shown.view, shown.at
    blocks = [key_text(key)]
    if view.job:
        blocks.append(_job(view.job, view, at))
    blocks += [pause_text(pause, at) for pause in view.paused_by]
    if view.dead:
        blocks.append(_death(view.dead, at))
    if view.history:
        blocks.append("history:\n" + history_table(view.history, at))
    return "\n".join(blocks)


def key_text(key: JobKey) -> str:
    """A job's key, as the commands take it."""
    return plain(" ".join(part for part in (key.type, key.dataset, key.config, key.split) if part is not None))


def queue_text(counts: Counts) -> str:
    """Each type of job with what there is of it."""
    parts = []
    for type_ in sorted({*counts.jobs, *counts.dead}):
        of_type = {**counts.jobs.get(type_, {}), "dead": counts.dead.get(type_, 0)}
        parts.append(f"{type_}: " + ", ".join(f"{count} {status}" for status, count in of_type.items() if count))
    return "; ".join(parts) or "the queue is empty"


def pause_text(pause: PauseView, at: datetime) -> str:
    """A pause, and since when."""
    return f"paused: {pause.scope} {pause.name}, {ago(pause.since, at)}"


def _job(job: JobView, view: KeyView, at: datetime) -> str:
    lines = {
        "status": _status(job),
        "priority": job.priority,
        "added": ago(job.created_at, at),
        "due": _when(job.due_at, at),
        "attempt": str(job.attempt),
        "setbacks": _setbacks(job.setbacks),
        "owner": job.owner or NONE,
        "payload": dumps(view.payload).decode(),
    }
    if job.again:
        lines["next payload"] = dumps(view.next_payload).decode()
    return "\n".join(f"{name + ':':14}{plain(value)}" for name, value in lines.items())


def _death(dead: DeadView, at: datetime) -> str:
    lines = {
        "died": ago(dead.died_at, at),
        "code": dead.code or NONE,
        "message": dead.message or NONE,
        "attempt": str(dead.attempt),
        "setbacks": _setbacks(dead.setbacks),
        "owner": dead.owner,
        "forgotten": _when(dead.expires_at, at),
    }
    return "dead:\n" + "\n".join(f"  {name + ':':12}{plain(value)}" for name, value in lines.items())


def jobs_table(jobs: list[JobView], at: datetime) -> str:
    """Jobs that wait or run."""
    rows = [
        (
            _status(job),
            *_key(job),
            job.priority,
            span((at - job.created_at).total_seconds()),
            _when(job.due_at, at),
            str(job.attempt),
            _setbacks(job.setbacks),
            job.owner or NONE,
        )
        for job in jobs
    ]
    return table(("STATUS", *_KEY_COLUMNS, "PRIORITY", "AGE", "DUE", "ATTEMPT", "SETBACKS", "OWNER"), rows)


def dead_table(dead: list[DeadView], at: datetime) -> str:
    """Jobs that were given up."""
    rows = [
        (
            ago(death.died_at, at),
            *_key(death),
            str(death.attempt),
            _setbacks(death.setbacks),
            death.code or NONE,
            _cut(death.message or NONE),
        )
        for death in dead
    ]
    return table(("DIED", *_KEY_COLUMNS, "ATTEMPT", "SETBACKS", "CODE", "MESSAGE"), rows)


def history_table(runs: list[RunView], at: datetime) -> str:
    """Runs that ended their jobs."""
    rows = [
        (
            ago(run.ended_at, at),
            *_key(run),
            run.outcome,
            run.code or NONE,
            str(run.attempt),
            f"{run.seconds:.1f} s",
            f"{run.peak_memory_bytes // 1_000_000} MB" if run.peak_memory_bytes is not None else NONE,
            run.owner,
        )
        for run in runs
    ]
    return table(("ENDED", *_KEY_COLUMNS, "OUTCOME", "CODE", "ATTEMPT", "TOOK", "MEMORY", "OWNER"), rows)


def _key(view: JobView | DeadView | RunView) -> tuple[str, str, str, str]:
    return view.type, view.dataset, view.config or NONE, view.split or NONE


def _status(job: JobView) -> str:
    return f"{job.status}, again" if job.again else job.status


def _setbacks(setbacks: Setbacks) -> str:
    counts = asdict(setbacks).items()
    return ", ".join(f"{name.replace('_', ' ')} {count}" for name, count in counts if count) or NONE


def _when(time: datetime | None, at: datetime) -> str:
    if time is None:
        return NONE
    return f"in {span((time - at).total_seconds())}" if time > at else ago(time, at)


def _cut(text: str) -> str:
    return text if len(text) <= _MESSAGE_LENGTH else text[: _MESSAGE_LENGTH - 1] + "…"
