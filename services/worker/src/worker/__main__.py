"""A worker: `python -m worker datasets` or `python -m worker splits`; its settings come by environment."""

import sys

import structlog
from libcache.answers import Answers
from libcache.assets import Assets
from libcache.records import Records
from libcache.schema import open_cache_database
from libcommon.logs import configure_logging
from libqueue.queue import Queue
from libqueue.schema import open_queue_database
from libqueue.upkeep import Upkeep
from pymongo.errors import PyMongoError

from worker.execution import Executor
from worker.jobs import JOB_TYPES
from worker.jobs.base import Stores
from worker.loop import Worker
from worker.scratch import Scratch
from worker.settings import WorkerSettings
from worker.stopping import Stopping
from worker.zygote import ZygoteDiedError

_TROUBLE_SECONDS = 1.0


def main(arguments: list[str]) -> int:
    """Runs a worker until it is asked to stop; returns its exit code."""
    if len(arguments) != 1 or arguments[0] not in JOB_TYPES:
        print(f"usage: python -m worker {{{'|'.join(JOB_TYPES)}}}", file=sys.stderr)
        return 2
    type_ = arguments[0]
    settings = WorkerSettings.from_environment()
    configure_logging(f"worker-{type_}", settings.log_level)
    stopping = Stopping()
    try:
        settings.assets_directory.mkdir(parents=True, exist_ok=True)
        scratch = Scratch(settings.scratch_directory)
        staging = Scratch(Assets(settings.assets_directory).staging)
    except OSError as error:
        print(f"a folder can't be written: {error.strerror}: {error.filename}", file=sys.stderr)
        return 2
    executor = Executor(
        settings.hf_endpoint,
        scratch,
        stopping,
        timeout_seconds=settings.job_timeout_seconds,
        memory_bytes=settings.job_memory_bytes,
    )
    try:
        executor.prepare()
        worker = _connect(type_, settings, staging, executor, stopping)
        if worker is not None:
            worker.run()
    except ZygoteDiedError:
        print("the process that reads data can't be started: its own message is above", file=sys.stderr)
        return 1
    finally:
        executor.close()
        scratch.remove()
        staging.remove()
    return 0


def _connect(
    type_: str, settings: WorkerSettings, staging: Scratch, executor: Executor, stopping: Stopping
) -> Worker | None:
    """The worker, once Mongo answers; None if asked to stop before."""
    while not stopping.asked:
        try:
            queue_database = open_queue_database(settings.mongo_url, settings.mongo_queue_database)
            cache_database = open_cache_database(settings.mongo_url, settings.mongo_cache_database)
        except PyMongoError as error:
            structlog.get_logger().warning("mongo is in trouble", action="start", error=type(error).__name__)
            stopping.wait(_TROUBLE_SECONDS)
            continue
        queue = Queue(queue_database, settings.limits)
        assets = Assets(settings.assets_directory)
        stores = Stores(queue, Records(cache_database), Answers(cache_database), assets, staging)
        return Worker(type_, stores, Upkeep(queue_database, queue), executor, stopping, settings)
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
