"""Where the service keeps its desk: opened when it is first needed, so that it starts while Mongo is still down."""

import threading

from admin.desk import Desk
from admin.settings import AdminSettings


class Office:
    """Opens one desk, for all threads."""

    def __init__(self, settings: AdminSettings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._desk: Desk | None = None

    def desk(self) -> Desk:
        """The desk.

        Raises:
            pymongo.errors.PyMongoError: the server can't be reached.
        """
        with self._lock:
            if self._desk is None:
                self._desk = Desk(self._settings, lambda: self._settings)
            return self._desk
