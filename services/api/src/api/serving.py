"""From a stored answer to a response."""

import gzip
from collections.abc import Mapping

from libcache.reading import StoredAnswer
from libcache.records import Record
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from api.caching import cache_control, may_be_shared
from api.negotiation import accepts_gzip

_RETRY_AFTER_HUB_SECONDS = "30"
# What is smaller doesn't get smaller by much; what is cut out is compressed on the way, so quickly.
_WORTH_COMPRESSING_BYTES = 1_000
_QUICKLY = 1


class StoredError(Exception):
    """A worker stored an error, and it is the answer: to /first-rows, say, when the listing failed.

    `body` is the JSON to send where it isn't the whole body of the answer.
    """

    def __init__(
        self, record: Record, answer: StoredAnswer, *, body: bytes | None = None, status: int, code: str | None
    ) -> None:
        super().__init__(code)
        self.record = record
        self.answer = answer
        self.body = body
        self.status = status
        self.code = code


async def on_stored_error(request: Request, error: Exception) -> Response:
    """Handles `StoredError`."""
    assert isinstance(error, StoredError)
    headers = _headers(request, error.record, error.answer, good=False)
    headers["X-Error-Code"] = error.code or "UnexpectedError"
    if error.status == 502:
        headers["Retry-After"] = _RETRY_AFTER_HUB_SECONDS
    if error.body is None:
        return await _whole(request, error.answer, headers, error.status)
    return Response(error.body, error.status, headers, media_type="application/json")


async def serve(request: Request, record: Record, answer: StoredAnswer) -> Response:
    """A good answer as it is stored."""
    return await _whole(request, answer, _headers(request, record, answer, good=True), 200)


async def serve_part(request: Request, record: Record, answer: StoredAnswer, body: bytes) -> Response:
    """A body that was cut out of a good answer."""
    headers = _headers(request, record, answer, good=True)
    if len(body) >= _WORTH_COMPRESSING_BYTES and _accepts_gzip(request):
        headers["Content-Encoding"] = "gzip"
        body = await run_in_threadpool(gzip.compress, body, _QUICKLY, mtime=0)
    return Response(body, 200, headers, media_type="application/json")


async def _whole(request: Request, answer: StoredAnswer, headers: Mapping[str, str], status: int) -> Response:
    if _accepts_gzip(request):
        headers = {**headers, "Content-Encoding": "gzip"}
        return Response(answer.compressed, status, headers, media_type="application/json")
    body = await run_in_threadpool(answer.body)
    return Response(body, status, headers, media_type="application/json")


def _headers(request: Request, record: Record, answer: StoredAnswer, *, good: bool) -> dict[str, str]:
    stale = answer.stale or record.refreshing or answer.revision != record.revision
    headers = {"Cache-Control": cache_control(shared=may_be_shared(request), fresh=good and not stale)}
    if stale:
        headers["X-Cache"] = "stale"
    if answer.revision is not None:
        headers["X-Revision"] = answer.revision
    return headers


def _accepts_gzip(request: Request) -> bool:
    return accepts_gzip(",".join(request.headers.getlist("accept-encoding")))
