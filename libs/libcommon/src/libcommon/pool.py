"""What the connections of this process to MongoDB do: counted by what pymongo tells of its pools."""

import threading
from collections.abc import Callable

from pymongo.monitoring import (
    ConnectionCheckedInEvent,
    ConnectionCheckedOutEvent,
    ConnectionCheckOutFailedEvent,
    ConnectionCheckOutStartedEvent,
    ConnectionClosedEvent,
    ConnectionCreatedEvent,
    ConnectionPoolListener,
    ConnectionReadyEvent,
    PoolClearedEvent,
    PoolClosedEvent,
    PoolCreatedEvent,
    PoolReadyEvent,
)

FIGURES = {
    "open_connections": "Connections to Mongo.",
    "used_connections": "Connections to Mongo that are in use.",
    "failed_connections": "How often no connection to Mongo could be had.",
    "operations": "Operations that were sent to Mongo: how often a connection was taken for one.",
}
"""What is counted, by name."""
_OPEN, _USED, _FAILED, _OPERATIONS = FIGURES
Report = Callable[[str, int], object]


class PoolCounts(ConnectionPoolListener):
    """Counts the `FIGURES`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._figures = dict.fromkeys(FIGURES, 0)
        self._report: Report | None = None

    def report_to(self, report: Report) -> None:
        """Has `report` called with the name and the count of each figure now, and from now on whenever one has changed:
        it must be quick.
        """
        self._report = report
        for name in FIGURES:
            self._add(name, 0)

    def connection_created(self, event: ConnectionCreatedEvent) -> None:
        self._add(_OPEN, 1)

    def connection_closed(self, event: ConnectionClosedEvent) -> None:
        self._add(_OPEN, -1)

    def connection_checked_out(self, event: ConnectionCheckedOutEvent) -> None:
        self._add(_USED, 1)
        self._add(_OPERATIONS, 1)

    def connection_checked_in(self, event: ConnectionCheckedInEvent) -> None:
        self._add(_USED, -1)

    def connection_check_out_failed(self, event: ConnectionCheckOutFailedEvent) -> None:
        self._add(_FAILED, 1)

    def connection_check_out_started(self, event: ConnectionCheckOutStartedEvent) -> None: ...

    def connection_ready(self, event: ConnectionReadyEvent) -> None: ...

    def pool_created(self, event: PoolCreatedEvent) -> None: ...

    def pool_ready(self, event: PoolReadyEvent) -> None: ...

    def pool_cleared(self, event: PoolClearedEvent) -> None: ...

    def pool_closed(self, event: PoolClosedEvent) -> None: ...

    def _add(self, name: str, change: int) -> None:
        with self._lock:
            self._figures[name] += change
            if self._report is not None:
                self._report(name, self._figures[name])


POOL = PoolCounts()
"""Of this process."""
