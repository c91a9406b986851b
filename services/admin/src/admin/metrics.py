"""What Prometheus reads: how things stand in the databases and on the disk, whichever process is asked.

Labels are types, codes and the like: never a dataset or a namespace, so they stay few.
"""

import os
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import structlog
from libcache.assets import Assets
from libcache.directory import Directory
from libcommon.pool import FIGURES, POOL
from libqueue.inspection import Depth
from prometheus_client import (
    CollectorRegistry,
    Gauge,
    GCCollector,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from pymongo.errors import PyMongoError

from admin.desk import Desk
from admin.office import Office
from admin.verbs.overview import Overview, overview

# Counting takes time of the database: no more than a tenth of it, and not for each of several monitors.
_MIN_MEMORY_SECONDS = 5.0
_SHARE = 10.0

log = structlog.get_logger()


class Metrics:
    """The metrics of one installation."""

    def __init__(self, office: Office, assets: Assets) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        PlatformCollector(registry=self._registry)
        GCCollector(registry=self._registry)
        pool = {name: Gauge(f"admin_mongo_{name}", about, registry=self._registry) for name, about in FIGURES.items()}
        POOL.report_to(lambda name, count: pool[name].set(count))
        self._registry.register(_Installation(office))
        if isinstance(assets, Directory):
            self._registry.register(_Disk(assets.root))

    def text(self) -> bytes:
        """All of it, in Prometheus' text format. It asks Mongo; without it, `admin_mongo_up` is 0 and most is left
        out.
        """
        return generate_latest(self._registry)


class _Installation(Collector):
    """What the databases have."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._until = 0.0
        self._metrics: list[Metric] = []

    def describe(self) -> Iterable[Metric]:
        """Nothing: so that registering doesn't count."""
        return []

    def collect(self) -> Iterable[Metric]:
        began = time.monotonic()
        if began >= self._until:
            self._metrics = self._collect()
            took = time.monotonic() - began
            self._until = began + max(_MIN_MEMORY_SECONDS, _SHARE * took)
        return self._metrics

    def _collect(self) -> list[Metric]:
        up = GaugeMetricFamily("admin_mongo_up", "Whether Mongo answers.")
        try:
            desk = self._office.desk()
            metrics = [*_of(overview(desk)), *_assets(desk)]
            up.add_metric([], 1)
        except PyMongoError as error:
            log.error("mongo failed", action="metrics", exception=type(error).__name__)
            up.add_metric([], 0)
            return [up]
        return [up, *metrics]


def _of(seen: Overview) -> Iterator[Metric]:
    place = ("type", "priority", "status", "namespaces")
    jobs = GaugeMetricFamily("queue_jobs", "Jobs that wait or run.", labels=place)
    oldest = GaugeMetricFamily(
        "queue_oldest_job_seconds", "Time since the oldest job was added to the queue.", labels=place
    )
    for depth in seen.depths:
        labels = [depth.type, depth.priority, depth.status, _namespaces(depth)]
        jobs.add_metric(labels, depth.jobs)
        oldest.add_metric(labels, (seen.at - depth.oldest).total_seconds())
    dead = GaugeMetricFamily("queue_dead_jobs", "Jobs that were given up.", labels=("type",))
    for type_ in ("datasets", "splits"):
        dead.add_metric([type_], seen.counts.dead.get(type_, 0))
    yield from (
        jobs,
        oldest,
        dead,
        GaugeMetricFamily(
            "queue_pauses", "How many types, namespaces and datasets are paused.", value=len(seen.pauses)
        ),
    )
    label = ("kind", "status", "code")
    answers = GaugeMetricFamily("cache_answers", "Stored answers; the good ones have no code.", labels=label)
    stale = GaugeMetricFamily("cache_stale_answers", "Stored answers that are marked as stale.", labels=label)
    for each in seen.answers:
        labels = [each.kind, str(each.status), each.code or ""]
        answers.add_metric(labels, each.answers)
        stale.add_metric(labels, each.stale)
    datasets = GaugeMetricFamily("cache_datasets", "Datasets that are known, by visibility.", labels=("visibility",))
    for visibility, count in seen.datasets.items():
        datasets.add_metric([visibility], count)
    blocked = GaugeMetricFamily("cache_blocked_datasets", "Datasets that an operator has blocked.", value=seen.blocked)
    passes = GaugeMetricFamily(
        "cache_pass_end_seconds", "When a pass over everything last ended, in seconds since 1970.", labels=("pass",)
    )
    failures = GaugeMetricFamily(
        "cache_pass_failures", "How often the present step of a pass has failed in a row.", labels=("pass",)
    )
    for pass_ in seen.passes:
        failures.add_metric([pass_.name], pass_.failures)
        if pass_.finished_at is not None:
            passes.add_metric([pass_.name], pass_.finished_at.timestamp())
    yield from (answers, stale, datasets, blocked, passes, failures)


def _namespaces(depth: Depth) -> str:
    if depth.paused:
        return "paused"
    return "crowded" if depth.crowded else "other"


def _assets(desk: Desk) -> Iterator[Metric]:
    quota = desk.usage.quota
    if quota is not None:
        yield GaugeMetricFamily("assets_quota_bytes", "The quota of media files.", value=quota)
    measured = desk.usage.measured()
    if measured is None:
        return
    yield GaugeMetricFamily("assets_files", "Media files, as of the last pass over them.", value=measured.size.files)
    yield GaugeMetricFamily(
        "assets_bytes", "Size of the media files, as of the last pass over them.", value=measured.size.bytes
    )
    yield GaugeMetricFamily(
        "assets_used_bytes",
        "What counts against the quota of media files: what was written since that pass, too.",
        value=measured.used_bytes,
    )


class _Disk(Collector):
    """The file system of the media files."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def describe(self) -> Iterable[Metric]:
        """Nothing, as above."""
        return []

    def collect(self) -> Iterable[Metric]:
        try:
            found = os.statvfs(self._directory)
        except OSError as error:
            log.error("the assets directory failed", action="metrics", error=str(error))
            return
        for name, about, value in (
            ("assets_disk_bytes", "Size of the file system of the media files.", found.f_blocks * found.f_frsize),
            (
                "assets_disk_free_bytes",
                "What is free of the file system of the media files.",
                found.f_bavail * found.f_frsize,
            ),
            ("assets_disk_inodes", "How many files that file system can have.", found.f_files),
            ("assets_disk_free_inodes", "How many more files that file system can have.", found.f_favail),
        ):
            yield GaugeMetricFamily(name, about, value=value)
