"""From a stored answer to a response."""

from collections.abc import Sequence
from dataclasses import replace

import orjson
from libcache.reading import StoredAnswer
from libcache.records import Record
from libcommon.digests import digest_of
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from api.caching import KEEP_AND_ASK, cache_control, may_be_shared
from api.content import Content
from api.errors import error_content
from api.etags import entity_tag, matching_tag
from api.negotiation import IDENTITY, header_list
from api.services import services_of

_RETRY_AFTER_HUB_SECONDS = "30"


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
        self.code = code or "UnexpectedError"


async def on_stored_error(request: Request, error: Exception) -> Response:
    """Handles `StoredError`."""
    assert isinstance(error, StoredError)
    headers = _headers(request, error.record, error.answer, good=False)
    if error.status == 502:
        headers["Retry-After"] = _RETRY_AFTER_HUB_SECONDS
    body = error.body if error.body is not None else await run_in_threadpool(error.answer.body)
    members = orjson.loads(body)
    return error_content(request, members, error.code, error.status, headers)


async def serve(request: Request, record: Record, answer: StoredAnswer) -> Response:
    """A good answer as it is stored, with the URLs of its assets signed if only some may see them."""
    content = Content.stored(answer)
    if answer.asset_ends and not may_be_shared(request):
        content = replace(content, make=lambda: signed(request, answer.body(), answer.asset_ends, record), gzipped=None)
    return await serve_part(request, record, answer, content)


async def serve_part(request: Request, record: Record, answer: StoredAnswer, content: Content) -> Response:
    """A body that was cut out of a good answer."""
    return await respond(request, content, _headers(request, record, answer, good=True))


async def respond(
    request: Request, content: Content, headers: dict[str, str], media_type: str = "application/json"
) -> Response:
    """A good answer, or word that the client has it already."""
    shared = may_be_shared(request)
    # Of the headers too: a cache that learns that nothing changed may send those that it had.
    digest = digest_of(f"{content.digest} {headers}".encode())
    if shared and (tag := matching_tag(header_list(request, "if-none-match"), digest)):
        return Response(None, 304, {**headers, "ETag": tag})
    coding, body = await content.encoded(header_list(request, "accept-encoding"))
    if coding != IDENTITY:
        headers["Content-Encoding"] = coding
    if shared:
        headers["ETag"] = entity_tag(digest, coding)
        if services_of(request).settings.assets_internal_location is not None:
            headers["X-Accel-Expires"] = KEEP_AND_ASK
    return Response(body, 200, headers, media_type=media_type)


def signed(request: Request, body: bytes, ends: Sequence[int], record: Record) -> bytes:
    """The body with its assets' URLs signed, if only some may see them."""
    return body if may_be_shared(request) else services_of(request).signer.signed(body, ends, record.dataset)


def _headers(request: Request, record: Record, answer: StoredAnswer, *, good: bool) -> dict[str, str]:
    stale = answer.stale or record.refreshing or answer.revision != record.revision
    headers = {"Cache-Control": cache_control(shared=may_be_shared(request), fresh=good and not stale)}
    if stale:
        headers["X-Cache"] = "stale"
    if answer.revision is not None:
        headers["X-Revision"] = answer.revision
    if answer.traceparent is not None:
        headers["X-Traceparent"] = answer.traceparent
    return headers
