"""Comparing the cache with the Hub, now and then, to find what no webhook told or what was left half done.

A pass has two phases: the Hub's list, page by page, is compared with the records; then the records are walked over,
for those that the list didn't have and those whose jobs are lost. What is missing is queued with low priority. Between
two jobs of a worker it does one step at most: one page.
"""

import time
from collections.abc import Mapping, Sequence
from enum import StrEnum
from itertools import islice

import structlog
from libcache.records import Record
from libcache.ring import place_of
from libcache.schema import READABLE, Visibility
from libcommon.errors import CodedError
from libqueue.model import JobKey, Priority

from worker.asking import CHILD_SECONDS, Asking
from worker.execution import StopAskedError
from worker.jobs.base import Stores
from worker.passes import Passes, Plan, Step
from worker.reconciliation_settings import ReconciliationSettings, Scope

# How many datasets a child asks the Hub about, one by one, in a step.
_MAX_ASKED = 20
_FULL_QUEUE_SECONDS = 10.0
# If Mongo is in trouble with this alone, the worker does jobs meanwhile.
_TROUBLE_SECONDS = 30.0
# More than one, since a job may end between a look at its answer and a look at the queue; not all, they may be many.
_MAX_LOOKED_UP = 20
# For these a job is to come that asks the Hub; the walk sees to it.
_AWAITED = (Visibility.UNKNOWN, Visibility.CLOSED)
_LISTING = (None, None)

# A dataset with its visibility and revision, as a child found it.
_Seen = tuple[str, str, str | None]

log = structlog.get_logger()


class Phase(StrEnum):
    """What a pass does, in this order."""

    CATALOGUE = "catalogue"
    RECORDS = "records"


def plan_of(settings: ReconciliationSettings) -> Plan:
    """How it goes. A step is one child and what is done in Mongo with its answer."""
    return Plan(
        "reconciliation",
        Phase.CATALOGUE,
        interval_seconds=settings.reconcile_interval_seconds,
        step_seconds=settings.reconcile_page_seconds,
        lease_seconds=4 * CHILD_SECONDS,
    )


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
        self._next = time.monotonic() + _TROUBLE_SECONDS
        wait = self._take_step()
        self._next = time.monotonic() + wait

    def _take_step(self) -> float:
        """Returns the seconds after which to look again."""
        step = self._passes.take()
        if not isinstance(step, Step):
            return step
        if self._queue.count() > self._settings.reconcile_max_jobs:
            self._passes.wait(step, _FULL_QUEUE_SECONDS)
            return _FULL_QUEUE_SECONDS
        try:
            if step.phase == Phase.CATALOGUE and self._settings.reconcile_scope is Scope.HUB:
                self._read_list(step)
            else:
                self._walk_records(step)
        except CodedError as error:
            log.warning("the comparison is put off", action="reconcile", code=error.code, cause=error.cause_message)
            self._passes.fail(step, error.retry_after)
        except StopAskedError:
            pass  # another worker takes the step when the lease is over
        return self._settings.reconcile_page_seconds

    def _read_list(self, step: Step) -> None:
        """Compares one page of the Hub's list with the records."""
        page = self._hub.ask("catalogue", cursor=step.cursor, length=self._settings.reconcile_page_length)
        names = [name for name, *_ in page["datasets"]]
        self._compare(page["datasets"], self._records.find_many(names))
        self._records.mark_seen(names)
        following = page["cursor"]
        self._passes.advance(step, Phase.CATALOGUE if following is not None else Phase.RECORDS, following)

    def _walk_records(self, step: Step) -> None:
        """Looks at the records on one stretch of their ring."""
        begin = int(step.cursor or 0) if step.phase == Phase.RECORDS else 0
        asks = self._settings.reconcile_scope is Scope.KNOWN
        wanted = min(self._settings.reconcile_page_length, _MAX_ASKED) if asks else self._settings.reconcile_page_length
        records, following = self._records.walk(begin, wanted)
        requests = 0
        if asks:
            records, following, requests = self._compare_each(records, following)
        self._add(self._without_job(self._left_behind(records, step)))
        if following is None:
            self._passes.finish(step)
            log.info("the cache was compared with the hub", action="reconcile", began=step.pass_began.isoformat())
        else:
            self._passes.advance(step, Phase.RECORDS, str(following), requests=requests)

    def _compare_each(self, records: list[Record], following: int | None) -> tuple[list[Record], int | None, int]:
        """Compares records with what the Hub says of each; returns those it got to, where to go on, and how many of
        them the Hub was asked about.
        """
        asked = [record for record in records if record.visibility in READABLE]
        if not asked:
            return records, following, 0
        names = [record.dataset for record in asked[:_MAX_ASKED]]
        tried = self._hub.ask("observe", datasets=names)["datasets"]
        for dataset, visibility, _ in tried:
            if visibility is None:
                log.warning("the hub tells nothing of it", action="reconcile", dataset=dataset)
        seen = [entry for entry in tried if entry[1] is not None]
        self._compare(seen, {record.dataset: record for record in asked})
        if len(tried) < len(asked):
            first_unasked = asked[len(tried)]
            records, following = records[: records.index(first_unasked)], place_of(first_unasked.dataset)
        return records, following, len(tried)

    def _compare(self, seen: Sequence[_Seen], records: Mapping[str, Record]) -> None:
        """Does what the webhooks would have done that told of the differences, where there are some."""
        changed: list[str] = []
        closed: list[str] = []
        for dataset, visibility, revision in seen:
            record = records.get(dataset)
            if record is None:
                changed.append(dataset)
            elif record.is_blocked or record.visibility in _AWAITED or not _differs(record, visibility, revision):
                continue
            elif visibility == Visibility.PRIVATE:
                self._records.close_if_more_open_than_private(dataset)
                closed.append(dataset)
            elif visibility in READABLE:
                self._records.announce(dataset)
                changed.append(dataset)
            else:
                self._records.close(dataset)
                closed.append(dataset)
        # What is closed needs a job that begins after now; other jobs keep the delay that the Hub may have asked for.
        self._add([*closed, *self._without_job(changed)])

    def _left_behind(self, records: Sequence[Record], step: Step) -> list[str]:
        """The datasets that should have jobs and don't have all of them."""
        expected = {record.dataset: self._expected_jobs(record, step) for record in records}
        there = self._queue.known([key for keys in expected.values() for key in keys])
        return [dataset for dataset, keys in expected.items() if not there.issuperset(keys)]

    def _expected_jobs(self, record: Record, step: Step) -> list[JobKey]:
        """Jobs that have to wait or run for the dataset to become finished; none if it is."""
        if record.is_blocked:
            return []
        own = [_job_of(record.dataset)]
        if record.visibility in READABLE and self._is_unseen(record, step):
            return own
        given_up = self._answers.given_up(record)
        if _LISTING in given_up:
            return []
        if record.visibility in _AWAITED or record.refreshing:
            return own
        if record.visibility not in READABLE:
            return []
        listing = self._answers.listing(record)
        if listing is None or listing.revision != record.revision:
            return own
        done = self._answers.fresh_splits(record) | given_up
        missing = (pair for pair in listing.splits if pair not in done)
        return [JobKey("splits", record.dataset, *pair) for pair in islice(missing, _MAX_LOOKED_UP)]

    def _is_unseen(self, record: Record, step: Step) -> bool:
        """Whether the Hub's list did not have it: it may be gone, renamed, or not for this token to see."""
        if self._settings.reconcile_scope is not Scope.HUB:
            return False
        return record.seen_at is None or record.seen_at < step.pass_began

    def _without_job(self, datasets: Sequence[str]) -> list[str]:
        there = self._queue.known([_job_of(dataset) for dataset in datasets])
        return [dataset for dataset in datasets if _job_of(dataset) not in there]

    def _add(self, datasets: Sequence[str]) -> None:
        self._queue.add_many([_job_of(dataset) for dataset in datasets], priority=Priority.LOW)
        for dataset in datasets:
            log.info("reconciled", action="reconcile", dataset=dataset)


def _job_of(dataset: str) -> JobKey:
    return JobKey("datasets", dataset)


def _differs(record: Record, visibility: str, revision: str | None) -> bool:
    moved = visibility in READABLE and revision is not None and record.revision != revision
    return record.visibility != visibility or moved
