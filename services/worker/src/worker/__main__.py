"""A worker: `python -m worker datasets` or `python -m worker splits`; its settings come by environment.

Exit code 2: a setting is wrong; 1: the process that reads data can't be started.
"""

import os
import socket
import sys
import uuid

import structlog
from libcache.answers import Answers
from libcache.assets import Assets
from libcache.plans import Plans
from libcache.records import Records
from libcache.schema import open_cache_database
from libcache.scratch import Scratch
from libcache.storage import open_assets
from libcache.usage import Usage
from libcommon.logs import configure_logging
from libqueue.queue import Queue
from libqueue.schema import open_queue_database
from libqueue.upkeep import Upkeep
from libqueue.waking import Waking
from pymongo.errors import PyMongoError
from reader.isolation.limits import forbid_core_dumps

from worker import reconciliation, sweeping
from worker.asking import Asking
from worker.execution import Executor
from worker.jobs import JOB_TYPES
from worker.jobs.base import Stores
from worker.loop import Chore, Worker
from worker.passes import Passes
from worker.reconciliation import Reconciliation
from worker.serving import serve
from worker.settings import WorkerSettings
from worker.stopping import Stopping
from worker.sweeping import Sweeping
from worker.vitals import Vitals
from worker.zygote import START_SECONDS, ZygoteDiedError

_TROUBLE_SECONDS = 1.0
# Beyond what the loop is known to be silent for: a large answer may take long to store.
_SPARE_SECONDS = 30.0


def main(arguments: list[str]) -> int:
    """Runs a worker until it is asked to stop; returns its exit code."""
    if len(arguments) != 1 or arguments[0] not in JOB_TYPES:
        print(f"usage: python -m worker {{{'|'.join(JOB_TYPES)}}}", file=sys.stderr)
        return 2
    type_ = arguments[0]
    settings = WorkerSettings.from_environment()
    forbid_core_dumps()
    configure_logging(f"worker-{type_}", settings.log_level)
    stopping = Stopping(settings.drain_seconds)
    vitals = Vitals(type_, stopping, max(3 * settings.lease_seconds, START_SECONDS) + _SPARE_SECONDS)
    try:
        url = serve(settings.worker_host, settings.worker_port, vitals)
    except OSError as error:
        where = f"{settings.worker_host} port {settings.worker_port}"
        print(f"WORKER_HOST, WORKER_PORT: can't listen on {where}: {error.strerror}", file=sys.stderr)
        return 2
    log = structlog.get_logger()
    log.info("listening", action="listening", url=url)
    assets = open_assets(settings)
    try:
        _prepare(assets, stopping)
    except OSError as error:
        print(f"ASSETS_STORAGE: can't be used: {error}", file=sys.stderr)
        return 2
    try:
        scratch = Scratch(settings.scratch_directory)
        staging = Scratch(assets.staging(settings.scratch_directory))
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
        log.info("isolation", action="isolation", layers=executor.isolation())
        worker = _connect(type_, settings, assets, staging, executor, stopping, vitals)
        if worker is not None:
            worker.run()
    except ZygoteDiedError:
        print("the process that reads data can't be started: its own message is above", file=sys.stderr)
        return 1
    finally:
        executor.close()
        scratch.remove()
        staging.remove()
        stopping.close()
    return 0


def _prepare(assets: Assets, stopping: Stopping) -> None:
    """Returns once the place of the assets can be used, or when asked to stop before.

    Raises:
        OSError: it can't be, and waiting doesn't help.
    """
    while not stopping.asked:
        try:
            assets.prepare()
        except (ConnectionError, TimeoutError) as error:
            structlog.get_logger().error("the assets are in trouble", action="start", error=str(error))
            stopping.wait(_TROUBLE_SECONDS)
        else:
            return


def _connect(
    type_: str,
    settings: WorkerSettings,
    assets: Assets,
    staging: Scratch,
    executor: Executor,
    stopping: Stopping,
    vitals: Vitals,
) -> Worker | None:
    """The worker, once Mongo answers; None if asked to stop before."""
    while not stopping.asked:
        try:
            queue_database = open_queue_database(settings.mongo_url, settings.mongo_queue_database)
            cache_database = open_cache_database(settings.mongo_url, settings.mongo_cache_database)
        except PyMongoError as error:
            vitals.mongo_trouble("start", error)
            stopping.wait(_TROUBLE_SECONDS)
            continue
        owner = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
        stores = Stores(
            Queue(queue_database, settings.limits),
            Records(cache_database),
            Answers(cache_database),
            Plans(cache_database),
            assets,
            Usage(cache_database, settings.assets_quota_bytes),
            staging,
        )
        upkeep = Upkeep(queue_database, settings.limits)
        chores: list[Chore] = []
        if type_ == "datasets":
            hub = Asking(executor, vitals, stopping, endpoint=settings.hf_endpoint, token=settings.hf_token)
            passes = Passes(cache_database, owner, reconciliation.plan_of(settings))
            chores.append(Reconciliation(passes, hub, stores, settings))
            passes = Passes(cache_database, owner, sweeping.plan_of(settings))
            chores.append(Sweeping(passes, stores, vitals, settings))
        waking = Waking(queue_database, type_)
        return Worker(type_, owner, stores, upkeep, chores, waking, executor, stopping, vitals, settings)
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
