"""Claiming: one conditional update makes a waiting job run, in a slot of its dataset and one of its namespace.

Caps are guarded by unique indexes over the slots of running jobs, so reading the free slots first is only a guess
that saves most of the refused updates; see `docs/decisions/0001-claims.md`.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from libqueue.clock import after
from libqueue.model import Claim, Limits, Status
from libqueue.turns import Turns

# How many jobs at the head of a namespace are looked at for one that no cap holds back.
_HEAD = 16


class Claims:
    """The claims of one queue database."""

    def __init__(self, database: Database[dict[str, Any]], limits: Limits) -> None:
        self._jobs = database["jobs"]
        self._turns = Turns(database)
        self._limits = limits

    def claim(self, type_: str, owner: str) -> Claim | None:
        """Takes the next job of a type for `owner`, under a lease of `Limits.lease_seconds`; None if there is none.

        The holder must `beat` before the lease runs out, and ends the job by `finish`, `retry` or `release`.
        """
        for turn in self._turns.take(type_):
            running = list(
                self._jobs.find(
                    {"namespace": turn.namespace, "status": Status.RUNNING.value},
                    {"dataset": 1, "dataset_slot": 1, "namespace_slot": 1},
                )
            )
            head = self._head(type_, turn.namespace, running)
            if not head and not running:
                self._turns.drop(turn)
                continue
            claim = self._claim_one_of(head, running, owner)
            if claim is not None:
                return claim
        return None

    def _head(self, type_: str, namespace: str, running: list[dict[str, Any]]) -> list[dict[str, Any]]:
        which: dict[str, Any] = {
            "type": type_,
            "namespace": namespace,
            "status": Status.WAITING.value,
            "ready": True,
        }
        busy = Counter(job["dataset"] for job in running)
        capped = [dataset for dataset, jobs in busy.items() if jobs >= self._limits.max_jobs_per_dataset]
        if capped:
            # Else the waiting jobs of one large dataset would hide those of all others.
            which["dataset"] = {"$nin": capped}
        return list(self._jobs.find(which).sort("rank").limit(_HEAD))

    def _claim_one_of(self, head: list[dict[str, Any]], running: list[dict[str, Any]], owner: str) -> Claim | None:
        namespace_slot = _free(self._limits.max_jobs_per_namespace, (job["namespace_slot"] for job in running))
        if namespace_slot is None:
            return None
        for job in head:
            dataset_slot = _free(
                self._limits.max_jobs_per_dataset,
                (other["dataset_slot"] for other in running if other["dataset"] == job["dataset"]),
            )
            if dataset_slot is not None and self._start(job, owner, dataset_slot, namespace_slot):
                return Claim.of(job, attempt=job["attempt"] + 1, owner=owner)
        return None

    def _start(self, job: dict[str, Any], owner: str, dataset_slot: int, namespace_slot: int) -> bool:
        try:
            started = self._jobs.update_one(
                {
                    "_id": job["_id"],
                    "job_id": job["job_id"],
                    "status": Status.WAITING.value,
                    "attempt": job["attempt"],
                },
                [
                    {
                        "$set": {
                            "status": Status.RUNNING.value,
                            "attempt": job["attempt"] + 1,
                            "owner": {"$literal": owner},
                            "started_at": "$$NOW",
                            "lease_expires_at": after(self._limits.lease_seconds),
                            "dataset_slot": dataset_slot,
                            "namespace_slot": namespace_slot,
                        }
                    }
                ],
            )
        except DuplicateKeyError:
            return False
        return started.modified_count == 1


def _free(cap: int, taken: Iterable[int]) -> int | None:
    slots = set(taken)
    return next((slot for slot in range(cap) if slot not in slots), None)
