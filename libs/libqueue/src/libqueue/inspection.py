"""What operators see of the queue: nothing is written, and everything is computed when it is asked for.

Each search matches first what an index has, and then the rest: so no view needs an index of its own, which every job
would pay for. Without a dataset or a namespace it reads the whole collection.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Self

from pymongo.collection import Collection
from pymongo.database import Database

from libqueue import clock
from libqueue.model import JobKey, Priority, Setbacks, Status
from libqueue.pauses import Pauses, Scope

# A namespace with so many jobs that wait is a crowd: those who have to wait for each other are its own.
_CROWD = 100
# In the other states the field says when upkeep looks at the job, which is of no use to a reader.
_DUE = (Status.DELAYED, Status.RUNNING)


@dataclass(frozen=True, slots=True)
class Counts:
    """How many there are by type: `jobs` of each status, and `dead` ones."""

    jobs: dict[str, dict[str, int]]
    dead: dict[str, int]


@dataclass(frozen=True, slots=True)
class Depth:
    """How many jobs of a type, priority and status there are, and when the oldest was added.

    Those of a namespace that has a hundred or more of them are `crowded`, and counted apart from all others: they wait
    for each other, and their age says nothing of the server. So are those that are `paused`, by their type or their
    namespace, however many they are; a paused dataset's are parked.
    """

    type: str
    priority: str
    status: Status
    crowded: bool
    paused: bool
    jobs: int
    oldest: datetime


@dataclass(frozen=True, slots=True)
class PauseView:
    """What may not start, and since when."""

    scope: Scope
    name: str
    since: datetime

    def covers(self, key: JobKey) -> bool:
        """Whether it keeps a job of this key from being started."""
        about = {Scope.TYPE: key.type, Scope.NAMESPACE: key.namespace, Scope.DATASET: key.dataset}
        return about[self.scope] == self.name


@dataclass(frozen=True, slots=True)
class JobView:
    """A job that waits or runs: `due_at` is the end of its delay or of its lease, `attempt` how often it was started.

    With `again`, it has to run once more after the run that it is in.
    """

    type: str
    dataset: str
    config: str | None
    split: str | None
    namespace: str
    status: Status
    priority: str
    created_at: datetime
    due_at: datetime | None
    started_at: datetime | None
    owner: str | None
    attempt: int
    setbacks: Setbacks
    again: bool

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Self:
        """The view of a document of the collection `jobs`."""
        status = Status(document["status"])
        shown = {
            "status": status,
            "priority": Priority(document["priority"]).name.lower(),
            "due_at": document.get("due_at") if status in _DUE else None,
            "setbacks": Setbacks.of(document),
        }
        return cls(**{**_named(cls, document), **shown})


@dataclass(frozen=True, slots=True)
class DeadView:
    """A job that was given up: the `code` and `message` of its last error, and what it came to grief on."""

    type: str
    dataset: str
    config: str | None
    split: str | None
    namespace: str
    code: str | None
    message: str | None
    attempt: int
    setbacks: Setbacks
    owner: str
    died_at: datetime
    expires_at: datetime

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Self:
        """The view of a document of the collection `dead`."""
        return cls(**{**_named(cls, document), "setbacks": Setbacks.of(document)})


@dataclass(frozen=True, slots=True)
class RunView:
    """A run that ended its job."""

    type: str
    dataset: str
    config: str | None
    split: str | None
    outcome: str
    code: str | None
    attempt: int
    owner: str
    seconds: float
    peak_memory_bytes: int | None
    ended_at: datetime


@dataclass(frozen=True, slots=True)
class KeyView:
    """All there is about one key: the job that waits or runs with its payloads, the death, the last runs."""

    job: JobView | None
    payload: dict[str, Any] | None
    next_payload: dict[str, Any] | None
    dead: DeadView | None
    paused_by: list[PauseView]
    history: list[RunView]


class Inspection:
    """The views of one queue database. Every method may raise `pymongo.errors.PyMongoError`."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._database = database
        self._jobs = database["jobs"]
        self._dead = database["dead"]
        self._history = database["history"]
        self._pauses = Pauses(database)

    def now(self) -> datetime:
        """The time that the times in the views are to be compared with."""
        return clock.now(self._database)

    def counts(self) -> Counts:
        """Counts the jobs and the dead."""
        jobs: dict[str, dict[str, int]] = {}
        for group in _groups(self._jobs, "type", "status"):
            of_type = jobs.setdefault(group["_id"]["type"], dict.fromkeys((status.value for status in Status), 0))
            of_type[group["_id"]["status"]] = group["count"]
        return Counts(jobs, {group["_id"]["type"]: group["count"] for group in _groups(self._dead, "type")})

    def depths(self) -> list[Depth]:
        """Counts the jobs more finely; it reads all of them."""
        names: dict[Scope, list[str]] = {scope: [] for scope in Scope}
        for pause in self.pauses():
            names[pause.scope].append(pause.name)
        paused = {
            "$or": [
                {"$in": [f"$_id.{scope.value}", {"$literal": names[scope]}]} for scope in (Scope.TYPE, Scope.NAMESPACE)
            ]
        }
        crowded = {"$and": [{"$not": [paused]}, {"$gte": ["$jobs", _CROWD]}]}
        groups = self._jobs.aggregate(
            [
                {
                    "$group": {
                        "_id": {name: f"${name}" for name in ("type", "priority", "status", "namespace")},
                        "jobs": {"$sum": 1},
                        "oldest": {"$min": "$created_at"},
                    }
                },
                {
                    "$group": {
                        "_id": {
                            **{name: f"$_id.{name}" for name in ("type", "priority", "status")},
                            "crowded": crowded,
                            "paused": paused,
                        },
                        "jobs": {"$sum": "$jobs"},
                        "oldest": {"$min": "$oldest"},
                    }
                },
            ]
        )
        return [
            Depth(
                type=group["_id"]["type"],
                priority=Priority(group["_id"]["priority"]).name.lower(),
                status=Status(group["_id"]["status"]),
                crowded=group["_id"]["crowded"],
                paused=group["_id"]["paused"],
                jobs=group["jobs"],
                oldest=group["oldest"],
            )
            for group in groups
        ]

    def pauses(self) -> list[PauseView]:
        """What is paused, the oldest pause first."""
        return [PauseView(Scope(pause["scope"]), pause["name"], pause["since"]) for pause in self._pauses.all()]

    def jobs(
        self,
        *,
        limit: int,
        offset: int = 0,
        status: Status | None = None,
        type_: str | None = None,
        namespace: str | None = None,
        dataset: str | None = None,
    ) -> list[JobView]:
        """`limit` jobs that are all of this, in the order in which jobs of one namespace run, without the first
        `offset`.
        """
        wanted = _given(status=status and status.value, type=type_, namespace=namespace, dataset=dataset)
        indexed = _given(dataset=dataset) or _given(namespace=namespace)
        return [JobView.of(job) for job in _select(self._jobs, indexed, wanted, {"rank": 1}, limit, offset)]

    def keys(self, wanted: Mapping[str, str], *, after: str, until: datetime, limit: int) -> list[JobKey]:
        """The next `limit` keys, in the order of their texts, from the first one after the text `after` on: of jobs
        with these fields that were added by `until` at the latest.
        """
        found = self._jobs.aggregate(
            [
                {"$match": {"_id": {"$gt": after}}},
                {"$match": {**wanted, "created_at": {"$lte": until}}},
                {"$sort": {"_id": 1}},
                {"$limit": limit},
                {"$project": dict.fromkeys(("type", "dataset", "config", "split"), 1)},
            ]
        )
        return [JobKey.of(job) for job in found]

    def dead(
        self,
        *,
        limit: int,
        offset: int = 0,
        type_: str | None = None,
        namespace: str | None = None,
        dataset: str | None = None,
        code: str | None = None,
    ) -> list[DeadView]:
        """`limit` dead jobs that are all of this, the latest to die first, without the first `offset`."""
        wanted = _given(type=type_, namespace=namespace, dataset=dataset, code=code)
        found = _select(self._dead, _given(dataset=dataset), wanted, {"died_at": -1}, limit, offset)
        return [DeadView.of(death) for death in found]

    def job(self, key: JobKey, *, runs: int = 10) -> KeyView | None:
        """What there is about a key, with its last `runs` runs, the latest first; None when there is nothing."""
        job = self._jobs.find_one({"_id": str(key)})
        death = self._dead.find_one({"_id": str(key)})
        history = self._runs({"dataset": key.dataset}, {"key": str(key)}, runs)
        if job is None and death is None and not history:
            return None
        return KeyView(
            job=JobView.of(job) if job else None,
            payload=job["payload"] if job else None,
            next_payload=job.get("next_payload") if job else None,
            dead=DeadView.of(death) if death else None,
            paused_by=[pause for pause in self.pauses() if pause.covers(key)],
            history=history,
        )

    def runs(self, dataset: str, *, limit: int) -> list[RunView]:
        """The last runs of all jobs of a dataset, the latest first."""
        return self._runs({"dataset": dataset}, {}, limit)

    def _runs(self, indexed: dict[str, str], wanted: dict[str, str], limit: int) -> list[RunView]:
        found = _select(self._history, indexed, wanted, {"ended_at": -1}, limit)
        return [RunView(**_named(RunView, run)) for run in found]


def _given(**values: str | None) -> dict[str, str]:
    return {name: value for name, value in values.items() if value is not None}


def _named(view: type[Any], document: Mapping[str, Any]) -> dict[str, Any]:
    return {field.name: document.get(field.name) for field in fields(view)}


def _groups(collection: Collection[dict[str, Any]], *names: str) -> list[dict[str, Any]]:
    by = {name: f"${name}" for name in names}
    stages: list[dict[str, Any]] = [{"$group": {"_id": by, "count": {"$sum": 1}}}, {"$sort": {"_id": 1}}]
    return list(collection.aggregate(stages))


def _select(
    collection: Collection[dict[str, Any]],
    indexed: dict[str, str],
    wanted: dict[str, str],
    order: dict[str, int],
    limit: int,
    offset: int = 0,
) -> list[dict[str, Any]]:
    stages: list[dict[str, Any]] = [{"$match": indexed}, {"$match": wanted}, {"$sort": order}]
    return list(collection.aggregate([*stages, {"$skip": offset}, {"$limit": limit}]))
