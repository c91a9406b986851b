"""Waiting for work: a change stream where the server has them, else polling. Both notice a job within a moment."""

import contextlib
import random
import time
from typing import Any

from pymongo.change_stream import CollectionChangeStream
from pymongo.database import Database
from pymongo.errors import OperationFailure, PyMongoError

from libqueue.turns import turn_id

# A namespace that comes into the rotation, or a job that is announced to one that is in it; not a turn that is taken.
_ANNOUNCED = {
    "$or": [
        {"operationType": "insert"},
        {"updateDescription.updatedFields.held": False},
        {
            "updateDescription.updatedFields.version": {"$exists": True},
            "updateDescription.updatedFields.taken_at": {"$exists": False},
            "updateDescription.updatedFields.held": {"$exists": False},
        },
    ]
}
# Of many workers that wait for the same job, most find that it is taken when they come one after the other.
_JITTER_SECONDS = 0.05
_FIRST_POLL_SECONDS = 0.05
_LAST_POLL_SECONDS = 0.3


class Waking:
    """Lets one process wait for jobs of a type. It holds a cursor of the server between `wait` and `rest`."""

    def __init__(self, database: Database[dict[str, Any]], type_: str) -> None:
        self._turns = database["turns"]
        self._prefix = turn_id(type_, "")
        self._stream: CollectionChangeStream[dict[str, Any]] | None = None
        self._streams = True
        self._poll_seconds = _FIRST_POLL_SECONDS

    def wait(self, seconds: float) -> None:
        """Returns when there may be a job to claim, or after `seconds`.

        At once when it begins to listen: what came before that only a claim can find.

        Raises:
            PyMongoError: the server is in trouble; nothing is held then.
        """
        if self._streams:
            try:
                self._listen(seconds)
                return
            except OperationFailure as error:
                # A server without change streams says so when one is opened.
                if self._stream is not None or error.timeout:
                    self.rest()
                    raise
                self._streams = False
            except PyMongoError:
                self.rest()
                raise
        time.sleep(min(seconds, self._poll_seconds * random.uniform(0.75, 1.25)))
        self._poll_seconds = min(2 * self._poll_seconds, _LAST_POLL_SECONDS)

    def rest(self) -> None:
        """Stops listening: there is work to do."""
        self._poll_seconds = _FIRST_POLL_SECONDS
        if self._stream is not None:
            stream, self._stream = self._stream, None
            # The cursor goes with its connection, if it can't be told so.
            with contextlib.suppress(PyMongoError):
                stream.close()

    def _listen(self, seconds: float) -> None:
        if self._stream is None:
            self._stream = self._turns.watch([{"$match": _ANNOUNCED}], max_await_time_ms=round(seconds * 1000))
            return
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            event = self._stream.try_next()
            if event is not None and event["documentKey"]["_id"].startswith(self._prefix):
                time.sleep(random.uniform(0, _JITTER_SECONDS))
                return
