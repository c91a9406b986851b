"""What is kept of jobs that ended: a history for some time, and the dead ones until an operator replays them."""

import time
from typing import Any

from pymongo.database import Database
from pymongo.write_concern import WriteConcern

from libqueue.clock import after
from libqueue.model import Claim, JobKey, Limits, Outcome, Setback

# The history may lose its last entries when the server crashes; the dead may not.
_LOOSE = WriteConcern(w=1, j=False)


class Endings:
    """The history and the dead jobs of one queue database."""

    def __init__(self, database: Database[dict[str, Any]], limits: Limits) -> None:
        self._history = database.get_collection("history", write_concern=_LOOSE)
        self._dead = database["dead"]
        self._limits = limits

    def note(self, claim: Claim, outcome: Outcome, code: str | None, peak_memory_bytes: int | None) -> None:
        """Notes how a job ended, after it left the queue."""
        if outcome is not Outcome.DEAD:
            self.forget_death(claim.key)
        self._history.update_one(
            {"_id": claim.token},
            [
                {
                    "$set": {
                        **_of(claim),
                        "key": {"$literal": str(claim.key)},
                        "outcome": outcome.value,
                        "code": code,
                        "seconds": time.monotonic() - claim.since,
                        "peak_memory_bytes": peak_memory_bytes,
                        "ended_at": "$$NOW",
                        "expires_at": after(self._limits.history_seconds),
                    }
                }
            ],
            upsert=True,
        )

    def note_death(self, claim: Claim, code: str | None, message: str | None) -> None:
        """Notes that a job is given up, before it leaves the queue."""
        self._dead.update_one(
            {"_id": str(claim.key)},
            [
                {
                    "$set": {
                        **_of(claim),
                        **{setback.value: getattr(claim.setbacks, setback.value) for setback in Setback},
                        "code": code,
                        "message": {"$literal": message},
                        "died_at": "$$NOW",
                        "expires_at": after(self._limits.dead_seconds),
                    }
                }
            ],
            upsert=True,
        )

    def forget_death(self, key: JobKey) -> bool:
        """Takes a job from the dead; False when it is not among them."""
        return self._dead.delete_one({"_id": str(key)}).deleted_count == 1


def _of(claim: Claim) -> dict[str, Any]:
    return {**claim.key.literals, "attempt": claim.attempt, "owner": {"$literal": claim.owner}}
