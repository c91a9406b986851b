"""One worker's part in the comparison with the Hub, and nothing else of a worker: what it queues stays in the queue.

`python reconciler.py LEASE_SECONDS`, with a worker's settings by environment; it runs until it is asked to stop.
"""

import sys
import uuid
from dataclasses import replace
from typing import Any

from libcache.answers import Answers
from libcache.plans import Plans
from libcache.records import Records
from libcache.schema import open_cache_database
from libcache.scratch import Scratch
from libcache.storage import open_assets
from libcache.usage import Usage
from libqueue.queue import Queue
from libqueue.schema import open_queue_database
from pymongo.database import Database
from worker.asking import Asking
from worker.execution import Executor
from worker.jobs.base import Stores
from worker.passes import Passes
from worker.reconciliation import Reconciliation, plan_of
from worker.settings import WorkerSettings
from worker.stopping import Stopping
from worker.vitals import Vitals


def executor_of(settings: WorkerSettings, stopping: Stopping) -> Executor:
    """An executor whose zygote runs."""
    executor = Executor(
        settings.hf_endpoint,
        Scratch(settings.scratch_directory),
        stopping,
        timeout_seconds=settings.job_timeout_seconds,
        memory_bytes=settings.job_memory_bytes,
    )
    executor.prepare()
    return executor


def reconciliation_of(
    settings: WorkerSettings,
    executor: Executor,
    stopping: Stopping,
    databases: tuple[Database[dict[str, Any]], Database[dict[str, Any]]],
    *,
    lease_seconds: float = 30,
    child_seconds: float = 30,
) -> Reconciliation:
    """What a worker with these settings takes its steps by; `databases` are those of the queue and the cache."""
    queue_database, cache_database = databases
    assets = open_assets(settings)
    stores = Stores(
        Queue(queue_database, settings.limits),
        Records(cache_database),
        Answers(cache_database),
        Plans(cache_database),
        assets,
        Usage(cache_database, None),
        Scratch(assets.staging(settings.scratch_directory)),
    )
    hub = Asking(
        executor,
        Vitals("datasets", stopping, 60),
        stopping,
        endpoint=settings.hf_endpoint,
        token=settings.hf_token,
        child_seconds=child_seconds,
    )
    passes = Passes(cache_database, uuid.uuid4().hex, replace(plan_of(settings), lease_seconds=lease_seconds))
    return Reconciliation(passes, hub, stores, settings)


def main(lease_seconds: float) -> None:
    settings = WorkerSettings.from_environment()
    stopping = Stopping(settings.drain_seconds)
    executor = executor_of(settings, stopping)
    databases = (
        open_queue_database(settings.mongo_url, settings.mongo_queue_database),
        open_cache_database(settings.mongo_url, settings.mongo_cache_database),
    )
    reconciliation = reconciliation_of(settings, executor, stopping, databases, lease_seconds=lease_seconds)
    while not stopping.asked:
        reconciliation.run_when_due()
        stopping.wait(0.02)
    executor.close()


if __name__ == "__main__":
    main(float(sys.argv[1]))
