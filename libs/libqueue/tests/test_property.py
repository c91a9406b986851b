"""The queue, step by step, against a plain model of it in memory; each step goes to a real server."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from libqueue.model import Claim, JobKey, LeaseLostError, Limits, Outcome, Priority, Setback, Setbacks
from libqueue.pauses import Scope
from libqueue.queue import Queue
from libqueue.upkeep import Upkeep
from pymongo.database import Database

LIMITS = Limits(lease_seconds=3600, max_jobs_per_dataset=2, max_jobs_per_namespace=3)
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
TYPES = ("datasets", "splits")
KEYS = [
    JobKey(type_, dataset, "default", split)
    for type_ in TYPES
    for dataset in ("a/one", "a/two", "b/one")
    for split in ("train", "test", "validation")
]
PAUSES = [(Scope.TYPE, "splits"), (Scope.NAMESPACE, "a"), (Scope.DATASET, "a/two")]

some_key = st.sampled_from(KEYS)
some_pause = st.sampled_from(PAUSES)
some_worker = st.integers(0, 2)
some_number = st.integers(0, 10**6)
priorities = st.sampled_from(Priority)


@dataclass
class Run:
    """A job in the model that a worker holds."""

    claim: Claim
    worker: int
    again: Priority | None = None
    payload: dict[str, Any] = field(default_factory=dict)


@dataclass
class Waiting:
    """A job in the model that waits."""

    priority: Priority
    payload: dict[str, Any]
    setbacks: Setbacks
    delayed: bool = False


class QueueMachine(RuleBasedStateMachine):
    """Three workers, each with a queue object of its own, as three processes have."""

    open: Callable[[], Database[dict[str, Any]]]

    @initialize()
    def empty(self) -> None:
        self.database = QueueMachine.open()
        for collection in ("jobs", "turns", "pauses", "dead"):
            self.database[collection].delete_many({})
        self.workers = [Queue(self.database, LIMITS) for _ in range(3)]
        self.upkeep = Upkeep(self.database, LIMITS)
        self.waiting: dict[JobKey, Waiting] = {}
        self.running: dict[JobKey, Run] = {}
        self.stale: list[Claim] = []
        self.paused: set[tuple[Scope, str]] = set()

    def startable(self, type_: str) -> set[JobKey]:
        """What the model would let start."""
        running = list(self.running)
        return {
            key
            for key, job in self.waiting.items()
            if key.type == type_
            and not job.delayed
            and not {(Scope.TYPE, key.type), (Scope.NAMESPACE, key.namespace), (Scope.DATASET, key.dataset)}
            & self.paused
            and sum(other.dataset == key.dataset for other in running) < LIMITS.max_jobs_per_dataset
            and sum(other.namespace == key.namespace for other in running) < LIMITS.max_jobs_per_namespace
        }

    def wait_again(self, run: Run, setbacks: Setbacks, *, delayed: bool) -> None:
        del self.running[run.claim.key]
        again = run.again is not None
        self.waiting[run.claim.key] = Waiting(
            run.again if run.again is not None else Priority.NORMAL,
            run.payload if again else run.claim.payload,
            setbacks,
            delayed and not again,
        )
        self.stale.append(run.claim)

    @rule(key=some_key, priority=priorities, number=some_number, worker=some_worker)
    def add(self, key: JobKey, priority: Priority, number: int, worker: int) -> None:
        payload = {"number": number}
        self.workers[worker].add(key, priority=priority, payload=payload)
        if key in self.running:
            run = self.running[key]
            run.again, run.payload = priority, payload
        else:
            setbacks = self.waiting[key].setbacks if key in self.waiting else Setbacks()
            self.waiting[key] = Waiting(priority, payload, setbacks)

    @rule(keys=st.lists(some_key, min_size=1, max_size=6, unique=True), worker=some_worker)
    def add_many(self, keys: list[JobKey], worker: int) -> None:
        self.workers[worker].add_many(keys)
        for key in keys:
            if key in self.running:
                self.running[key].again, self.running[key].payload = Priority.NORMAL, {}
            else:
                setbacks = self.waiting[key].setbacks if key in self.waiting else Setbacks()
                self.waiting[key] = Waiting(Priority.NORMAL, {}, setbacks)

    @rule(type_=st.sampled_from(TYPES), worker=some_worker)
    def claim(self, type_: str, worker: int) -> None:
        startable = self.startable(type_)
        claim = self.workers[worker].claim(type_, f"worker-{worker}")
        if claim is None:
            assert not startable, f"none of {startable} was claimed"
            return
        assert claim.key in startable
        ranks = {job["_id"]: job["rank"] for job in self.database["jobs"].find({}, {"rank": 1})}
        rivals = [ranks[str(key)] for key in startable if key.namespace == claim.key.namespace]
        assert ranks[str(claim.key)] == min(rivals), f"{claim.key} went before another of its namespace"
        job = self.waiting.pop(claim.key)
        assert (claim.payload, claim.setbacks, claim.owner) == (job.payload, job.setbacks, f"worker-{worker}")
        self.running[claim.key] = Run(claim, worker)

    @precondition(lambda self: self.running)
    @rule(data=st.data())
    def beat(self, data: st.DataObject) -> None:
        run = data.draw(st.sampled_from(list(self.running.values())))
        self.workers[run.worker].beat(run.claim)

    @precondition(lambda self: self.running)
    @rule(data=st.data(), outcome=st.sampled_from(Outcome))
    def finish(self, data: st.DataObject, outcome: Outcome) -> None:
        run = data.draw(st.sampled_from(list(self.running.values())))
        self.workers[run.worker].finish(run.claim, outcome, code="SomeError", message="Something happened.")
        if run.again is not None:
            self.wait_again(run, Setbacks(), delayed=False)
        else:
            del self.running[run.claim.key]
            self.stale.append(run.claim)

    @precondition(lambda self: self.running)
    @rule(data=st.data(), setback=st.sampled_from(Setback))
    def fail(self, data: st.DataObject, setback: Setback) -> None:
        run = data.draw(st.sampled_from(list(self.running.values())))
        self.workers[run.worker].retry(run.claim, delay_seconds=3600, setback=setback)
        self.wait_again(run, more(run.claim.setbacks, setback), delayed=True)

    @precondition(lambda self: self.running)
    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        run = data.draw(st.sampled_from(list(self.running.values())))
        self.workers[run.worker].release(run.claim)
        self.wait_again(run, run.claim.setbacks, delayed=False)

    @precondition(lambda self: self.running)
    @rule(data=st.data())
    def expire(self, data: st.DataObject) -> None:
        run = data.draw(st.sampled_from(list(self.running.values())))
        self.database["jobs"].update_one(run.claim.held, {"$set": {"due_at": LONG_AGO}})
        self.upkeep.attend_due()
        self.wait_again(run, more(run.claim.setbacks, Setback.LOST_LEASE), delayed=False)

    @precondition(lambda self: any(job.delayed for job in self.waiting.values()))
    @rule(data=st.data())
    def delay_ends(self, data: st.DataObject) -> None:
        key = data.draw(st.sampled_from([key for key, job in self.waiting.items() if job.delayed]))
        self.database["jobs"].update_one({"_id": str(key)}, {"$set": {"due_at": LONG_AGO}})
        self.upkeep.attend_due()
        self.waiting[key].delayed = False

    @rule(dataset=st.sampled_from(["a/one", "a/two", "b/one"]), type_=st.sampled_from(TYPES), worker=some_worker)
    def cancel(self, dataset: str, type_: str, worker: int) -> None:
        doomed = [key for key in (*self.waiting, *self.running) if (key.dataset, key.type) == (dataset, type_)]
        assert self.workers[worker].cancel(dataset, type_) == len(doomed)
        for key in doomed:
            if key in self.running:
                self.stale.append(self.running.pop(key).claim)
            else:
                del self.waiting[key]

    @rule(pause=some_pause)
    def pause(self, pause: tuple[Scope, str]) -> None:
        self.workers[0].pause(*pause)
        self.paused.add(pause)
        # The others learn of it within a second; they are told at once here.
        self.workers = [Queue(self.database, LIMITS) for _ in range(3)]
        self.upkeep = Upkeep(self.database, LIMITS)

    @precondition(lambda self: self.paused)
    @rule(data=st.data(), worker=some_worker)
    def resume(self, data: st.DataObject, worker: int) -> None:
        pause = data.draw(st.sampled_from(sorted(self.paused)))
        assert self.workers[worker].resume(*pause)
        self.paused.discard(pause)

    @precondition(lambda self: self.stale)
    @rule(data=st.data(), worker=some_worker)
    def a_claim_that_does_not_hold_has_no_effect(self, data: st.DataObject, worker: int) -> None:
        claim, queue = data.draw(st.sampled_from(self.stale)), self.workers[worker]
        acts: list[Callable[[], None]] = [
            partial(queue.beat, claim),
            partial(queue.release, claim),
            partial(queue.finish, claim, Outcome.DONE),
            partial(queue.finish, claim, Outcome.DEAD),
            partial(queue.retry, claim, delay_seconds=1, setback=Setback.FAILURE),
        ]
        for act in acts:
            with pytest.raises(LeaseLostError):
                act()

    @invariant()
    def what_is_ready_was_announced(self) -> None:
        for job in self.database["jobs"].find({"status": "ready"}):
            assert "due_at" not in job, job

    @invariant()
    def the_same_jobs_wait_and_run(self) -> None:
        jobs = {job["_id"]: job for job in self.database["jobs"].find()}
        assert {id_ for id_, job in jobs.items() if job["status"] == "running"} == set(map(str, self.running))
        assert {id_ for id_, job in jobs.items() if job["status"] != "running"} == set(map(str, self.waiting))
        assert {str(key) for key, run in self.running.items() if run.again is not None} == {
            id_ for id_, job in jobs.items() if job["again"]
        }
        assert {str(key) for key, job in self.waiting.items() if job.delayed} == {
            id_ for id_, job in jobs.items() if job["status"] == "delayed"
        }


def more(setbacks: Setbacks, setback: Setback) -> Setbacks:
    counts = {each.value: getattr(setbacks, each.value) for each in Setback}
    return Setbacks(**{**counts, setback.value: counts[setback.value] + 1})


def test_the_queue_does_what_the_model_does(queue_database: Database[dict[str, Any]]) -> None:
    QueueMachine.open = lambda: queue_database
    examples = int(os.environ.get("QUEUE_EXAMPLES", "25"))
    run_state_machine_as_test(
        QueueMachine,
        # Not made shorter when one fails: every step takes milliseconds of a real server.
        settings=settings(
            max_examples=examples,
            stateful_step_count=40,
            deadline=None,
            phases=[Phase.explicit, Phase.reuse, Phase.generate],
        ),
    )
