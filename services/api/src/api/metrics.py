"""What Prometheus reads: sums over all processes of this service.

Labels are route templates, methods and statuses: never a dataset, so they stay few.
"""

from enum import StrEnum
from functools import lru_cache

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
from prometheus_client.multiprocess import MultiProcessCollector

__all__ = ["CONTENT_TYPE", "Failure", "Metrics"]

_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Failure(StrEnum):
    """What kept the api from answering."""

    ASSETS = "assets"
    BUG = "bug"
    MONGO = "mongo"
    TIME = "time"


class Metrics:
    """The metrics of this process; `shared`, the sums of all that use the same folder, and nothing of Python itself."""

    def __init__(self, *, shared: bool) -> None:
        self._shared = shared
        self._registry = registry = CollectorRegistry()
        if not shared:
            ProcessCollector(registry=registry)
            PlatformCollector(registry=registry)
            GCCollector(registry=registry)
        self._seconds = Histogram(
            "api_request_seconds",
            "Time from a request to the end of its answer.",
            ("route", "method", "status"),
            buckets=_BUCKETS,
            registry=registry,
        )
        self._hub_requests = Counter(
            "api_hub_requests",
            "Checks at the Hub of who may read, by the status of its answer; `none`: there was no answer.",
            ("status",),
            registry=registry,
        )
        failures = Counter(
            "api_failures",
            "Requests that failed here, of a `bug`, of `mongo`, of `assets` that can't be reached, or because their "
            "`time` was over.",
            ("reason",),
            registry=registry,
        )
        self._failures = {reason: failures.labels(reason.value) for reason in Failure}
        pool = {
            # Of a process that is over nothing is open.
            name: Gauge(f"api_mongo_{name}", about, registry=registry, multiprocess_mode="livesum")
            for name, about in FIGURES.items()
        }
        POOL.report_to(lambda name, count: pool[name].set(count))
        # The library's own way to the histogram of some labels takes longer than to count in it.
        self._histogram = lru_cache(1000)(self._seconds.labels)

    def answered(self, route: str, method: str, status: int, seconds: float) -> None:
        """Counts one request."""
        self._histogram(route, method if method in _METHODS else "other", status).observe(seconds)

    def asked_hub(self, status: str) -> None:
        """Counts one check at the Hub."""
        self._hub_requests.labels(status).inc()

    def failed(self, reason: Failure) -> None:
        """Counts a request that could not be answered."""
        self._failures[reason].inc()

    def text(self) -> bytes:
        """All of it, in Prometheus' text format. It reads files."""
        registry = self._registry
        if self._shared:
            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return generate_latest(registry)
