"""The way of a data request: may the caller read, what is known, where is the answer, is a job on its way."""

from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

import pymongo
from libcache.answers import Kind
from libcache.reading import StoredAnswer
from libcache.records import Record
from libcache.schema import Visibility
from libqueue.model import JobKey, Place, Priority
from libqueue.queue import Queue
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from api.caching import share
from api.clients import client_of
from api.credentials import Credentials
from api.errors import ApiError
from api.kept import may_be_kept
from api.services import services_of
from api.serving import StoredError
from api.tracing import origin_of

_RETRY_AFTER_SECONDS = 2
_MAX_NAMED = 20
# A thread that waits for Mongo can't be told to stop.
_QUEUE_SECONDS = 5.0
_MAX_NAME_LENGTH = 60


async def admit(request: Request, dataset: str) -> Record | None:
    """The dataset's record, None where there is none yet, for a caller who may read the dataset.

    Raises:
        ApiError: the caller may not, or it can't be known.
    """
    share(request, False)
    # First the record: what hides a dataset raises its generation, and then the Hub is asked again.
    record = await services_of(request).reader.record(dataset)
    public = record is not None and record.visibility is Visibility.PUBLIC
    until = await _check(request, dataset, record, public)
    share(request, public)
    may_be_kept(request, until)
    return record


async def _check(request: Request, dataset: str, record: Record | None, public: bool) -> float:
    """Until when the caller may read the dataset."""
    services = services_of(request)
    if services.auth is None:
        if public:
            return float("inf")
        raise ApiError("ExternalAuthenticatedError", "There is no public dataset of this name here: check the name.")
    credentials = Credentials.of(request)
    client, asked = client_of(request, services.settings.trusted_proxies), credentials.digest(dataset)
    if record is None:
        services.refused_names.count(client, asked)
    try:
        until = await services.auth.require(dataset, record.generation if record else None, credentials)
    except ApiError as error:
        if error.entry.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            services.refused_names.forget(client, asked)
        elif record is not None:
            # Or the limit would tell what is known here from what is not.
            services.refused_names.count(client, asked)
        raise
    services.refused_names.forget(client, asked)
    return until


async def admit_known(request: Request, dataset: str) -> Record:
    """The same; a dataset that nobody announced is queued.

    Raises:
        ApiError: `ResponseNotReady` and `DatasetBlockedError` too.
    """
    record = await admit(request, dataset)
    if record is None:
        raise await not_ready(request, JobKey("datasets", dataset))
    if record.is_blocked:
        raise ApiError("DatasetBlockedError", "The operator of this server does not serve this dataset.")
    return record


async def listing(request: Request, record: Record) -> StoredAnswer:
    """The good answer to /splits.

    Raises:
        StoredError: the listing failed.
        ApiError: `ResponseNotReady`.
    """
    answer = await services_of(request).reader.answer(Kind.SPLITS, record)
    if answer is None:
        raise await not_ready(request, JobKey("datasets", record.dataset))
    if answer.status != 200:
        await _try_again(request, JobKey("datasets", record.dataset), answer.status)
        raise StoredError(record, answer, status=answer.status, code=answer.code)
    return answer


async def listed_config(record: Record, answer: StoredAnswer, config: str) -> bytes:
    """The entries of a config in the listing.

    Raises:
        StoredError: the config failed.
        ApiError: `ResponseNotFound`.
    """
    for name, begin, end, status, code in answer.configs:
        if name == config:
            entries = (await run_in_threadpool(answer.body))[begin:end]
            if status != 200:
                raise StoredError(record, answer, body=entries, status=status, code=code)
            return entries
    raise _not_found("config", config, "the dataset", (name for name, *_ in answer.configs))


async def first_page(request: Request, dataset: str, config: str, split: str) -> tuple[Record, StoredAnswer]:
    """The good answer to /first-rows: two point reads when it is there.

    Raises:
        StoredError: it, or the listing of the dataset or the config, failed.
        ApiError: the caller may not read the dataset, there is no such split, or the answer isn't there yet.
    """
    record = await admit_known(request, dataset)
    page = await services_of(request).reader.answer(Kind.FIRST_ROWS, record, config, split)
    # A job that ran while its split went may have written last: an old page counts only if it is still listed.
    if page is None or page.revision != record.revision:
        splits = await listing(request, record)
        await listed_config(record, splits, config)
        if [config, split] not in splits.splits:
            there = (name for of_config, name in splits.splits if of_config == config)
            raise _not_found("split", split, "the config", there)
    if page is None:
        raise await not_ready(request, JobKey("splits", dataset, config, split))
    if page.status != 200:
        await _try_again(request, JobKey("splits", dataset, config, split), page.status)
        raise StoredError(record, page, status=page.status, code=page.code)
    return record, page


async def _try_again(request: Request, key: JobKey, status: int) -> None:
    """An error of the Hub's asks the client to come back: then there has to be a job that could mend it."""
    if status == HTTPStatus.BAD_GATEWAY:
        await queued(request, key)


async def not_ready(request: Request, key: JobKey) -> ApiError:
    """The error that says so, after making sure that a job for the answer is in the queue."""
    place = await queued(request, key)
    return ApiError(
        "ResponseNotReady",
        "The answer is being computed: ask again in a moment.",
        retry_after=_RETRY_AFTER_SECONDS,
        details={"state": "running" if place.running else "waiting", "position": place.ahead},
    )


async def queued(request: Request, key: JobKey) -> Place:
    """The place of the job in the queue; it is put there if it isn't, and moved forward if nobody has asked for it."""
    return await run_in_threadpool(_queued, services_of(request).queue, key, origin_of(request).labels)


def _queued(queue: Queue, key: JobKey, payload: dict[str, Any]) -> Place:
    with pymongo.timeout(_QUEUE_SECONDS):
        return _queued_in_time(queue, key, payload)


def _queued_in_time(queue: Queue, key: JobKey, payload: dict[str, Any]) -> Place:
    place = queue.place(key)
    if place is None or (not place.running and place.priority > Priority.HIGH):
        # Whoever asks for what is on its way moves it forward: it still comes from the event that began it.
        queue.add(key, priority=Priority.HIGH, payload=(place and place.payload) or payload)
        # A worker may have ended it already.
        place = queue.place(key) or Place(True, Priority.HIGH, 0, payload)
    return place


def _not_found(what: str, name: str, of: str, there: Iterable[str]) -> ApiError:
    names = list(there)
    listed = ", ".join(f"'{_clipped(name)}'" for name in names[:_MAX_NAMED])
    more = f" and {len(names) - _MAX_NAMED} more" if len(names) > _MAX_NAMED else ""
    has = f"it has {listed}{more}" if names else "it has none"
    return ApiError("ResponseNotFound", f"There is no {what} '{_clipped(name)}' in {of}: {has}.")


def _clipped(name: str) -> str:
    return name if len(name) <= _MAX_NAME_LENGTH else f"{name[:_MAX_NAME_LENGTH]}…"
