"""What has to hold when the dust has settled. Each check returns what does not, in words with evidence."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from libcache.records import Records
from libcache.schema import Visibility
from pymongo.database import Database

from chaos.comparison import Comparison
from chaos.contents import Dataset, Form
from chaos.counts import Counts
from chaos.hub_side import State
from chaos.journal import BEGIN, END, OVER_DATASET_CAP, OVER_NAMESPACE_CAP, TWICE, Entry
from chaos.visiting import Acknowledged

_EVIDENCE = 8
_NOBODY: dict[str, str] = {}


def right_answers(
    comparison: Comparison, datasets: Sequence[Dataset], stored: Iterable[tuple[str, str, str]]
) -> list[str]:
    """Every answer equals that of a station without trouble, and says what the driver wrote.

    `stored` are the dataset, config and split of every first page in either station's database.
    """
    comparison.compare("/valid", {})
    pages: dict[str, set[tuple[str, str]]] = {dataset.name: set(dataset.splits) for dataset in datasets}
    for name, config, split in stored:
        pages[name].add((config, split))
    broken = []
    for dataset in datasets:
        comparison.compare("/splits", {"dataset": dataset.name})
        comparison.compare("/splits", {"dataset": dataset.name}, _NOBODY)
        for config, split in sorted(pages[dataset.name]):
            comparison.compare("/first-rows", {"dataset": dataset.name, "config": config, "split": split})
        if dataset.exists and dataset.form in (Form.CSV, Form.JSON_LINES):
            for (config, split), version in sorted(dataset.splits.items()):
                rows = comparison.rows(dataset.name, config, split)
                if rows is None or {row["version"] for row in rows} != {version}:
                    broken.append(f"{dataset.name} {config} {split}: rows of version {version} expected, got {rows}")
    return [*broken, *comparison.different]


def right_records(records: Records, states: Iterable[tuple[str, State | None]]) -> list[str]:
    """Every record says what the Hub says, and no event waits."""
    broken = []
    for name, state in states:
        record = records.find(name)
        if record is None:
            if state is not None:
                broken.append(f"{name} has no record, the Hub says {state}")
            continue
        said = (record.visibility.value, record.revision)
        wanted = (Visibility.MISSING.value, None) if state is None else (state.visibility, state.sha)
        if said != wanted or record.refreshing:
            broken.append(f"{name}: the Hub says {wanted}, the record {record}")
    return broken


def alone(entries: Sequence[Entry]) -> list[str]:
    """No key ran twice at once, no cap was exceeded."""
    related: dict[str, Callable[[Entry], object]] = {
        TWICE: lambda entry: entry.key,
        OVER_DATASET_CAP: lambda entry: entry.dataset,
        OVER_NAMESPACE_CAP: lambda entry: entry.namespace,
    }
    return [
        f"{entry.what}: {' '.join(entry.key)}\n" + _story(entries[: place + 1], related[entry.what], entry)
        for place, entry in enumerate(entries)
        if entry.what in related
    ]


def effects(entries: Sequence[Entry], acknowledged: Iterable[Acknowledged]) -> list[str]:
    """After every webhook that was acknowledged, a job of its dataset ran from its beginning to its end."""
    last_whole_run: dict[tuple[str, ...], int] = {}
    begun: dict[int, int] = {}
    for entry in entries:
        if entry.what == BEGIN:
            begun[entry.pid] = entry.at
        elif entry.what == END and not entry.details["failed"]:
            last_whole_run[entry.key] = max(begun[entry.pid], last_whole_run.get(entry.key, 0))
    return [
        f"the webhook '{webhook.form}' of {webhook.dataset}, sent at {webhook.sent_at / 1e9:.3f} and acknowledged, had "
        "no effect"
        for webhook in acknowledged
        if last_whole_run.get(("datasets", webhook.dataset), 0) < webhook.sent_at
    ]


def no_jobs(queue: Database[dict[str, Any]]) -> list[str]:
    """The queue is empty."""
    return [f"left in the queue: {job}" for job in queue["jobs"].find({})]


def no_files(folders: Iterable[Path]) -> list[str]:
    """The folders hold nothing but the lock that all workers share: call it when every worker has ended."""
    return [
        f"left behind: {entry}" for folder in folders for entry in sorted(folder.iterdir()) if entry.name != ".lock"
    ]


def count_runs(entries: Iterable[Entry], counts: Counts) -> None:
    """Count what began and what came to its end."""
    for entry in entries:
        if entry.what in (BEGIN, END):
            what = "begun" if entry.what == BEGIN else "failed" if entry.details["failed"] else "done"
            counts.add(f"children of {entry.key[0]}", what)


def _story(entries: Sequence[Entry], of: Callable[[Entry], object], last: Entry) -> str:
    """What the journal says, up to `last`, of those that are the same as it in some way."""
    return "\n".join(f"  {entry}" for entry in [entry for entry in entries if of(entry) == of(last)][-_EVIDENCE:])
