"""What Prometheus reads of a worker. Labels are types and outcomes of jobs: never a dataset, so they stay few."""

from collections.abc import Mapping

from libcommon.errors import CATALOGUE
from libcommon.pool import FIGURES, POOL
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4 as CONTENT_TYPE

__all__ = ["CONTENT_TYPE", "Metrics"]

_SECONDS = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600)
_PREVIEW_SECONDS = (1, 2.5, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600)
_MIB = 2**20
_BYTES = tuple(size * _MIB for size in (128, 256, 512, 768, 1024, 1536, 2048, 3072, 4096, 8192))


class Metrics:
    """The metrics of one worker, which does jobs of one type."""

    def __init__(self, type_: str) -> None:
        registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        GCCollector(registry=registry)
        self._registry = registry
        self._type = type_
        self._working = Gauge("worker_working", "Whether a job runs.", ("type",), registry=registry).labels(type_)
        self._jobs = Counter(
            "worker_jobs",
            "Attempts at jobs that are over, by how they ended; and of errors the code, and whose fault it was.",
            ("type", "outcome", "code", "fault"),
            registry=registry,
        )
        self._seconds = Histogram(
            "worker_job_seconds",
            "Time from the claim of a job to the end of the attempt.",
            ("type",),
            buckets=_SECONDS,
            registry=registry,
        ).labels(type_)
        self._peak_bytes = Histogram(
            "worker_job_peak_memory_bytes",
            "The most resident memory that the processes of a job had.",
            ("type",),
            buckets=_BYTES,
            registry=registry,
        ).labels(type_)
        self._preview_seconds = Histogram(
            "worker_preview_seconds",
            "Time from the event that led to a revision to its first answer.",
            ("type", "priority"),
            buckets=_PREVIEW_SECONDS,
            registry=registry,
        )
        self._hub_requests = Counter(
            "worker_hub_requests",
            "Requests to the Hub, by the status of its answer; `none`: there was no answer.",
            ("type", "status"),
            registry=registry,
        )
        self._takeovers = Counter(
            "worker_takeovers", "Jobs taken back here from workers whose lease was over.", ("type",), registry=registry
        ).labels(type_)
        self._taken_back = 0
        self._empty_claims = Counter(
            "worker_empty_claims", "Claims that found no job.", ("type",), registry=registry
        ).labels(type_)
        self._lost_leases = Counter(
            "worker_lost_leases", "Jobs that were lost while they ran here.", ("type",), registry=registry
        ).labels(type_)
        self._mongo_troubles = Counter(
            "worker_mongo_troubles", "Calls of Mongo that failed.", ("type",), registry=registry
        ).labels(type_)

        pool = {
            name: Gauge(f"worker_mongo_{name}", about, ("type",), registry=registry).labels(type_)
            for name, about in FIGURES.items()
        }
        POOL.report_to(lambda name, count: pool[name].set(count))

        self._assets_files = Gauge(
            "worker_assets_files", "Media files, as of the last pass over them.", ("type",), registry=registry
        )
        self._assets_bytes = Gauge(
            "worker_assets_bytes",
            "Size of the media files, as of the last pass over them.",
            ("type",),
            registry=registry,
        )
        self._assets_used_bytes = Gauge(
            "worker_assets_used_bytes", "What counts against the quota of media files.", ("type",), registry=registry
        )
        self._assets_quota_bytes = Gauge(
            "worker_assets_quota_bytes", "The quota of media files, where there is one.", ("type",), registry=registry
        )
        self._swept_files = Counter(
            "worker_assets_swept_files", "Media files that were removed here.", ("type",), registry=registry
        )

    def measured(self, files: int, bytes_: int, used_bytes: int, quota: int | None) -> None:
        """Notes how much there is of assets."""
        self._assets_files.labels(self._type).set(files)
        self._assets_bytes.labels(self._type).set(bytes_)
        if quota is not None:
            self._assets_used_bytes.labels(self._type).set(used_bytes)
            self._assets_quota_bytes.labels(self._type).set(quota)

    def swept(self, files: int) -> None:
        """Counts media files that were removed."""
        self._swept_files.labels(self._type).inc(files)

    def found_nothing(self) -> None:
        """Counts a claim that found no job."""
        self._empty_claims.inc()

    def had_trouble(self) -> None:
        """Counts a call of Mongo that failed."""
        self._mongo_troubles.inc()

    def lost_lease(self) -> None:
        """Counts a job that was lost while it ran."""
        self._lost_leases.inc()

    def begun(self) -> None:
        """Notes that a job runs until it is `ended`."""
        self._working.set(1)

    def asked_hub(self, requests: Mapping[str, int]) -> None:
        """Counts requests to the Hub, by status."""
        for status, count in requests.items():
            self._hub_requests.labels(self._type, status).inc(count)

    def previewed(self, priority: str, seconds: float) -> None:
        """Counts an answer that is the first after an event."""
        self._preview_seconds.labels(self._type, priority).observe(seconds)

    def took_back(self, total: int) -> None:
        """Notes how many jobs this worker has taken back so far."""
        self._takeovers.inc(total - self._taken_back)
        self._taken_back = total

    def ended(self, outcome: str, code: str | None, seconds: float, peak_bytes: int | None) -> None:
        """Counts one attempt at a job; `peak_bytes` is None where no process was started for it."""
        self._working.set(0)
        entry = CATALOGUE.get(code or "")
        labels = (entry.name, entry.fault or "") if entry else ("", "")
        self._jobs.labels(self._type, outcome, *labels).inc()
        self._seconds.observe(seconds)
        if peak_bytes is not None:
            self._peak_bytes.observe(peak_bytes)

    def text(self) -> bytes:
        """All of it, in Prometheus' text format."""
        return generate_latest(self._registry)
