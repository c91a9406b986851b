from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hub.testing import running_hub
from libqueue.model import Limits
from libqueue.queue import Queue
from pymongo.database import Database

from services.worker.tests.station import Station


@pytest.fixture
def station(
    mongo_url: str,
    queue_database: Database[dict[str, Any]],
    cache_database: Database[dict[str, Any]],
    queue_limits: Limits,
    tmp_path: Path,
) -> Iterator[Station]:
    """A Hub without datasets, and no worker yet."""
    (tmp_path / "datasets").mkdir()
    with running_hub(tmp_path / "datasets") as hub:
        queue = Queue(queue_database, queue_limits)
        station = Station(hub, mongo_url, (queue_database, cache_database), queue, tmp_path)
        try:
            yield station
        finally:
            station.stop()
