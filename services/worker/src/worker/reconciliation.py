"""Comparing the cache with the Hub, now and then, to find what no webhook told or what was left half done.

A pass has two phases: the Hub's list, page by page, is compared with the records; then the records are walked over,
for those that the list didn't have and those whose jobs are lost. What is missing is queued with low priority. Between
two jobs of a worker it does one step at most: one page.
"""

import time
from itertools import islice

import structlog
from libcache.records import Record
from libcache.ring import place_of
from libcache.schema import READABLE, Visibility
from libcommon.errors import CodedError
from libqueue.model import JobKey, LeaseLostError, Priority

from worker.asking import Asking
from worker.execution import StopAskedError
from worker.jobs.base import Stores
from worker.passes import Passes, Phase, Step
from worker.reconciliation_settings import ReconciliationSettings, Scope

# How many datasets a child asks the Hub about, one by one, in a step.
_MAX_ASKED = 20
_FULL_QUEUE_SECONDS = 10.0
# More than one, since a job may end between a look at its answer and a look at the queue; not all, they may be many.
_MAX_LOOKED_UP = 20
# For these a job is to come that asks the Hub; the walk sees to it.
_AWAITED = (Visibility.UNKNOWN, Visibility.CLOSED)

log = structlog.get_logger()


class Reconciliation:
    """One worker's part in it."""

    def __init__(self, passes: Passes, hub: Asking, stores: Stores, settings: ReconciliationSettings) -> None:
        self._passes = passes
        self._hub = hub
        self._queue = stores.queue
        self._records = stores.records
        self._answers = stores.answers
        self._settings = settings
        self._next = 0.0

    def run_when_due(self) -> None:
        """Takes a step if one is due and this worker leads; cheap to call often. Trouble of the Hub is logged, and the
        step taken again later.

        Raises:
            pymongo.errors.PyMongoError: Mongo can't be asked.
        """
        if not self._settings.reconcile_interval_seconds or time.monotonic() < self._next:
            return
        step = self._passes.take()
        if not isinstance(step, Step):
            self._next = time.monotonic() + step
            return
        self._next = time.monotonic() + self._settings.reconcile_page_seconds
        if self._queue.count() > self._settings.reconcile_max_jobs:
            self._passes.wait(step, _FULL_QUEUE_SECONDS)
            return
        try:
            if step.phase is Phase.CATALOGUE and self._settings.reconcile_scope is Scope.HUB:
                self._read_list(step)
            else:
                self._walk_records(step)
        except CodedError as error:
            log.warning("the comparison is put off", action="reconcile", code=error.code, cause=error.cause_message)
            self._passes.fail(step, error.retry_after)
        except (StopAskedError, LeaseLostError):
            return  # whoever leads when the lease is over takes the same step

    def _read_list(self, step: Step) -> None:
        """Compares one page of the Hub's list with the records."""
        page = self._hub.ask("catalogue", cursor=step.cursor, length=self._settings.reconcile_page_length)
        names = [name for name, *_ in page["datasets"]]
        known = self._records.find_many(names)
        for name, visibility, revision in page["datasets"]:
            self._compare(name, known.get(name), Visibility(visibility), revision)
        self._records.mark_seen(names)
        following = page["cursor"]
        self._passes.advance(step, Phase.CATALOGUE if following is not None else Phase.RECORDS, following)

    def _walk_records(self, step: Step) -> None:
        """Looks at the records on one stretch of their ring."""
        begin = int(step.cursor or 0) if step.phase is Phase.RECORDS else 0
        asks = self._settings.reconcile_scope is Scope.KNOWN
        wanted = min(self._settings.reconcile_page_length, _MAX_ASKED) if asks else self._settings.reconcile_page_length
        records, following = self._records.walk(begin, wanted)
        if asks:
            records, following = self._compare_each(records, following)
        for record in records:
            if self._is_left_behind(record, step):
                self._add(record.dataset)
        if following is None:
            self._passes.finish(step)
            log.info("the cache was compared with the hub", action="reconcile", began=step.pass_began.isoformat())
        else:
            self._passes.advance(step, Phase.RECORDS, str(following))

    def _compare_each(self, records: list[Record], following: int | None) -> tuple[list[Record], int | None]:
        """Compares records with what the Hub says of each; returns those it got to, and where to go on."""
        asked = [record for record in records if record.visibility in READABLE]
        if not asked:
            return records, following
        names = [record.dataset for record in asked[:_MAX_ASKED]]
        now = self._hub.ask("observe", datasets=names)["datasets"]
        for record, (_, visibility, revision) in zip(asked, now, strict=False):
            self._compare(record.dataset, record, Visibility(visibility), revision)
        if len(now) == len(asked):
            return records, following
        first_unasked = asked[len(now)]
        return records[: records.index(first_unasked)], place_of(first_unasked.dataset)

    def _compare(self, dataset: str, record: Record | None, visibility: Visibility, revision: str | None) -> None:
        """Does what the webhook would have done that told of a difference, if there is one."""
        if record is not None:
            if record.visibility in _AWAITED:
                return
            moved = visibility in READABLE and revision is not None and record.revision != revision
            if record.visibility is visibility and not moved:
                return
            if visibility is Visibility.PRIVATE:
                self._records.close_if_more_open_than_private(dataset)
            elif visibility in READABLE:
                self._records.announce(dataset)
            else:
                self._records.close(dataset)
        self._add(dataset)

    def _is_left_behind(self, record: Record, step: Step) -> bool:
        """Whether a dataset needs a job, and none is there to come."""
        if record.visibility in READABLE:
            needs = record.refreshing or self._is_unseen(record, step) or not self._is_finished(record)
        else:
            needs = record.refreshing or record.visibility in _AWAITED
        return needs and self._queue.place(JobKey("datasets", record.dataset)) is None

    def _is_unseen(self, record: Record, step: Step) -> bool:
        """Whether the Hub's list did not have it: it may be gone, renamed, or not for this token to see."""
        if self._settings.reconcile_scope is not Scope.HUB:
            return False
        return record.seen_at is None or record.seen_at < step.pass_began

    def _is_finished(self, record: Record) -> bool:
        """Whether everything that is listed has its answer or its job."""
        listing = self._answers.listing(record)
        if listing is None or listing.revision != record.revision:
            return False
        fresh = self._answers.fresh_splits(record)
        missing = islice((pair for pair in listing.splits if pair not in fresh), _MAX_LOOKED_UP)
        return all(self._queue.place(JobKey("splits", record.dataset, *pair)) is not None for pair in missing)

    def _add(self, dataset: str) -> None:
        self._queue.add(JobKey("datasets", dataset), priority=Priority.LOW)
        log.info("reconciled", action="reconcile", dataset=dataset)
