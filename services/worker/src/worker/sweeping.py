"""Sweeping the assets, now and then: what no answer points to any more is removed, and the rest measured.

A pass walks over the directory dataset by dataset. Between two jobs of a worker it does one step at most, of a fraction
of a second. What may be removed at all is said in `libcache.sweeping`.
"""

import time
from dataclasses import dataclass

import structlog
from libcache.assets import Size
from libcache.settings import AssetsSettings
from libcache.sweeping import Place, Sweeper, Swept

from worker.jobs.base import Stores
from worker.passes import Passes, Plan, Step
from worker.vitals import Vitals

_PHASE = "assets"
_STEP_SECONDS = 0.2
# Of a worker's time, what its jobs leave aside, a pass takes a sixth.
_PAUSE_SECONDS = 1.0
# A step is short, but a file system over a network may hang for a while.
_LEASE_SECONDS = 120.0
# If Mongo is in trouble with this alone, the worker does jobs meanwhile.
_TROUBLE_SECONDS = 30.0

log = structlog.get_logger()


def plan_of(settings: AssetsSettings) -> Plan:
    """How it goes."""
    return Plan(
        "assets",
        _PHASE,
        interval_seconds=settings.assets_sweep_interval_seconds,
        step_seconds=_PAUSE_SECONDS,
        lease_seconds=_LEASE_SECONDS,
    )


@dataclass(frozen=True, slots=True)
class _Counts:
    """What a pass has found so far; `begun` is of the usage when it began."""

    begun: int
    swept: Swept

    @classmethod
    def of(cls, counts: dict[str, int]) -> "_Counts":
        there, removed = (Size(counts[f"{name}_files"], counts[f"{name}_bytes"]) for name in ("there", "removed"))
        return cls(counts["begun"], Swept(there, removed))

    def as_document(self) -> dict[str, int]:
        sizes = {"there": self.swept.there, "removed": self.swept.removed}
        files = {f"{name}_files": size.files for name, size in sizes.items()}
        return {"begun": self.begun, **files, **{f"{name}_bytes": size.bytes for name, size in sizes.items()}}


class Sweeping:
    """One worker's part in it."""

    def __init__(self, passes: Passes, stores: Stores, vitals: Vitals, settings: AssetsSettings) -> None:
        self._passes = passes
        self._assets = stores.assets
        self._usage = stores.usage
        self._metrics = vitals.metrics
        self._sweeper = Sweeper(stores.assets, stores.records, stores.answers, settings.assets_grace_seconds)
        self._is_on = settings.assets_sweep_interval_seconds > 0
        self._next = 0.0

    def run_when_due(self) -> None:
        """Takes a step if one is due and this worker leads; cheap to call often. Trouble of the disk is logged, and the
        step taken again later.

        Raises:
            pymongo.errors.PyMongoError: Mongo can't be asked.
        """
        if not self._is_on or time.monotonic() < self._next:
            return
        self._next = time.monotonic() + _TROUBLE_SECONDS
        wait = self._take_step()
        if (measured := self._usage.measured()) is not None:
            self._metrics.measured(measured.size.files, measured.size.bytes, measured.used_bytes, self._usage.quota)
        self._next = time.monotonic() + wait

    def _take_step(self) -> float:
        """Returns the seconds after which to look again."""
        step = self._passes.take()
        if not isinstance(step, Step):
            return step
        try:
            self._sweep(step)
        except OSError as error:
            log.error("the disk is in trouble", action="sweep", error=str(error))
            self._passes.fail(step, None)
        return _PAUSE_SECONDS

    def _sweep(self, step: Step) -> None:
        counts = _Counts.of(step.counts) if step.counts else _Counts(self._usage.begin(), Swept())
        if step.cursor is None:
            self._assets.remove_abandoned()
        swept, following = self._sweep_for(_STEP_SECONDS, Place.parse(step.cursor) if step.cursor else None)
        self._metrics.swept(swept.removed.files)
        total = _Counts(counts.begun, counts.swept + swept)
        if following is not None:
            self._passes.advance(step, _PHASE, str(following), counts=total.as_document())
        elif self._passes.finish(step):
            self._usage.end(total.begun, total.swept.there)
            log.info("the assets were swept", action="sweep", **total.as_document())

    def _sweep_for(self, seconds: float, begin: Place | None) -> tuple[Swept, Place | None]:
        """What was swept in about so long, of one dataset at least, and where to go on."""
        limit = time.monotonic() + seconds
        swept, is_first = Swept(), True
        for dataset in self._sweeper.datasets(begin.dataset if begin else None):
            place: Place | None = begin if begin and begin.dataset == dataset else Place(dataset)
            while place is not None:
                # To find where to begin may have taken longer: in a bucket, a list or more.
                if not is_first and time.monotonic() > limit:
                    return swept, place
                more, place = self._sweeper.sweep(place)
                swept, is_first = swept + more, False
        return swept, None
