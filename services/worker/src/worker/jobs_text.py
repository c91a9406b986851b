"""The queue in words and tables, for the terminals of operators."""

from dataclasses import asdict, dataclass
from datetime import datetime

from libcommon.jsons import dumps
from libqueue.inspection import Counts, DeadView, JobView, KeyView, PauseView, RunView
from libqueue.model import JobKey, Setbacks

from worker.tables import plain, table

_UNITS = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))
_KEY_COLUMNS = ("TYPE", "DATASET", "CONFIG", "SPLIT")
_NONE = "-"
# Of a message in a table; `show` has the whole.
_MESSAGE_LENGTH = 60


@dataclass(frozen=True, slots=True)
class Listing:
    """What `list` shows; `at` is the time of the views."""

    at: datetime
    counts: Counts
    pauses: list[PauseView]
    jobs: list[JobView]
    dead: list[DeadView]


def list_text(listing: Listing, limit: int) -> str:
    """Counts, pauses and two tables; `limit` is the most that a table may have."""
    at = listing.at
    blocks = ["\n".join([_summary(listing.counts), *(_pause(pause, at) for pause in listing.pauses)])]
    blocks += [_jobs_table(listing.jobs, at)] if listing.jobs else []
    blocks += [_dead_table(listing.dead, at)] if listing.dead else []
    if len(blocks) == 1:
        blocks.append("nothing to list")
    if limit in (len(listing.jobs), len(listing.dead)):
        blocks.append(f"There may be more than the {limit} listed: --limit.")
    return "\n\n".join(blocks)


def show_text(key: JobKey, view: KeyView, at: datetime) -> str:
    """Everything about one key."""
    blocks = [key_text(key)]
    if view.job:
        blocks.append(_job(view.job, view, at))
    blocks += [_pause(pause, at) for pause in view.paused_by]
    if view.dead:
        blocks.append(_death(view.dead, at))
    if view.history:
        blocks.append("history:\n" + _history_table(view.history, at))
    return "\n".join(blocks)


def key_text(key: JobKey) -> str:
    """A job's key, as the commands take it."""
    return plain(" ".join(part for part in (key.type, key.dataset, key.config, key.split) if part is not None))


def _summary(counts: Counts) -> str:
    """Each type with what there is of it."""
    parts = []
    for type_ in sorted({*counts.jobs, *counts.dead}):
        of_type = {**counts.jobs.get(type_, {}), "dead": counts.dead.get(type_, 0)}
        parts.append(f"{type_}: " + ", ".join(f"{count} {status}" for status, count in of_type.items() if count))
    return "; ".join(parts) or "the queue is empty"


def _pause(pause: PauseView, at: datetime) -> str:
    return f"paused: {pause.scope} {pause.name}, {_ago(pause.since, at)}"


def _job(job: JobView, view: KeyView, at: datetime) -> str:
    lines = {
        "status": _status(job),
        "priority": job.priority,
        "added": _ago(job.created_at, at),
        "due": _when(job.due_at, at),
        "attempt": str(job.attempt),
        "setbacks": _setbacks(job.setbacks),
        "owner": job.owner or _NONE,
        "payload": dumps(view.payload).decode(),
    }
    if job.again:
        lines["next payload"] = dumps(view.next_payload).decode()
    return "\n".join(f"{name + ':':14}{plain(value)}" for name, value in lines.items())


def _death(dead: DeadView, at: datetime) -> str:
    lines = {
        "died": _ago(dead.died_at, at),
        "code": dead.code or _NONE,
        "message": dead.message or _NONE,
        "attempt": str(dead.attempt),
        "setbacks": _setbacks(dead.setbacks),
        "owner": dead.owner,
        "forgotten": _when(dead.expires_at, at),
    }
    return "dead:\n" + "\n".join(f"  {name + ':':12}{plain(value)}" for name, value in lines.items())


def _jobs_table(jobs: list[JobView], at: datetime) -> str:
    rows = [
        (
            _status(job),
            *_key(job),
            job.priority,
            _span((at - job.created_at).total_seconds()),
            _when(job.due_at, at),
            str(job.attempt),
            _setbacks(job.setbacks),
            job.owner or _NONE,
        )
        for job in jobs
    ]
    return table(("STATUS", *_KEY_COLUMNS, "PRIORITY", "AGE", "DUE", "ATTEMPT", "SETBACKS", "OWNER"), rows)


def _dead_table(dead: list[DeadView], at: datetime) -> str:
    rows = [
        (
            _ago(death.died_at, at),
            *_key(death),
            str(death.attempt),
            _setbacks(death.setbacks),
            death.code or _NONE,
            _cut(death.message or _NONE),
        )
        for death in dead
    ]
    return table(("DIED", *_KEY_COLUMNS, "ATTEMPT", "SETBACKS", "CODE", "MESSAGE"), rows)


def _history_table(runs: list[RunView], at: datetime) -> str:
    rows = [
        (
            _ago(run.ended_at, at),
            run.outcome,
            run.code or _NONE,
            str(run.attempt),
            f"{run.seconds:.1f} s",
            f"{run.peak_memory_bytes // 1_000_000} MB" if run.peak_memory_bytes is not None else _NONE,
            run.owner,
        )
        for run in runs
    ]
    return table(("ENDED", "OUTCOME", "CODE", "ATTEMPT", "TOOK", "MEMORY", "OWNER"), rows)


def _key(view: JobView | DeadView) -> tuple[str, str, str, str]:
    return view.type, view.dataset, view.config or _NONE, view.split or _NONE


def _status(job: JobView) -> str:
    return f"{job.status}, again" if job.again else job.status


def _setbacks(setbacks: Setbacks) -> str:
    counts = asdict(setbacks).items()
    return ", ".join(f"{name.replace('_', ' ')} {count}" for name, count in counts if count) or _NONE


def _when(time: datetime | None, at: datetime) -> str:
    if time is None:
        return _NONE
    return f"in {_span((time - at).total_seconds())}" if time > at else _ago(time, at)


def _ago(time: datetime, at: datetime) -> str:
    return f"{_span((at - time).total_seconds())} ago"


def _span(seconds: float) -> str:
    """About how long: in the largest unit of which there is one."""
    whole = max(0, round(seconds))
    return next((f"{whole // length} {unit}" for unit, length in _UNITS if whole >= length), "0 s")


def _cut(text: str) -> str:
    return text if len(text) <= _MESSAGE_LENGTH else text[: _MESSAGE_LENGTH - 1] + "…"
