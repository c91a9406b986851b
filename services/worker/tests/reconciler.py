"""One worker's part in the comparison with the Hub, and nothing else of a worker: what it queues stays in the queue.

`python reconciler.py LEASE_SECONDS`, with a worker's settings by environment; it runs until it is killed.
"""

import os
import sys
import time

from libcache.answers import Answers
from libcache.assets import Assets
from libcache.records import Records
from libcache.schema import open_cache_database
from libqueue.queue import Queue
from libqueue.schema import open_queue_database
from worker.asking import Asking
from worker.execution import Executor
from worker.jobs.base import Stores
from worker.passes import Passes
from worker.reconciliation import Reconciliation
from worker.scratch import Scratch
from worker.settings import WorkerSettings
from worker.stopping import Stopping
from worker.vitals import Vitals


def main(lease_seconds: float) -> None:
    settings = WorkerSettings.from_environment()
    stopping = Stopping(settings.drain_seconds)
    vitals = Vitals("datasets", stopping, 60)
    executor = Executor(
        settings.hf_endpoint,
        Scratch(settings.scratch_directory),
        stopping,
        timeout_seconds=settings.job_timeout_seconds,
        memory_bytes=settings.job_memory_bytes,
    )
    queue_database = open_queue_database(settings.mongo_url, settings.mongo_queue_database)
    cache_database = open_cache_database(settings.mongo_url, settings.mongo_cache_database)
    assets = Assets(settings.assets_directory)
    stores = Stores(
        Queue(queue_database, settings.limits),
        Records(cache_database),
        Answers(cache_database),
        assets,
        Scratch(assets.staging),
    )
    reconciliation = Reconciliation(
        Passes(
            cache_database,
            str(os.getpid()),
            settings,
            lease_seconds=lease_seconds,
        ),
        Asking(executor, vitals, endpoint=settings.hf_endpoint, token=settings.hf_token),
        stores,
        settings,
    )
    executor.prepare()
    while True:
        reconciliation.run_when_due()
        time.sleep(0.02)


if __name__ == "__main__":
    main(float(sys.argv[1]))
