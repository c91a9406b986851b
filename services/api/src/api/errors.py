"""Errors as a client gets them: JSON of the contract, with a code of the catalogue in `X-Error-Code`."""

import asyncio
from collections.abc import Mapping
from typing import Any

import structlog
from libcommon.errors import CATALOGUE, CodedError
from libcommon.jsons import dumps
from pymongo.errors import PyMongoError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.caching import VARY, cache_control, may_be_shared
from api.metrics import Failure, Metrics
from api.negotiation import PROBLEM, header_list, wants_problem
from api.tracing import origin_of

_RETRY_AFTER_SECONDS = 5

logger = structlog.get_logger()


class ApiError(CodedError):
    """An error of one request. `details` are members of the body beside `error`, `headers` go with the answer."""

    def __init__(
        self,
        code: str,
        message: str,
        *,
        retry_after: float | None = None,
        details: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(code, message, retry_after=retry_after)
        self.details = details or {}
        self.headers = headers or {}


class AssetsError(Exception):
    """The media files can't be reached."""


def error_response(request: Request, error: ApiError) -> Response:
    """The answer that tells of `error`."""
    # "Ask again in 2 s" must not be kept for 10 s.
    shared = may_be_shared(request) and error.entry.status < 500
    headers = {**error.headers, "Cache-Control": cache_control(shared=shared, fresh=False)}
    if error.retry_after is not None:
        headers["Retry-After"] = str(round(error.retry_after))
    return error_content(request, {**error.body(), **error.details}, error.code, error.entry.status, headers)


def error_content(
    request: Request, members: Mapping[str, Any], code: str, status: int, headers: Mapping[str, str]
) -> Response:
    """An error as the client wants it: as this API's own JSON object, or as the problem details of RFC 9457."""
    media_type = "application/json"
    if wants_problem(header_list(request, "accept")):
        media_type = PROBLEM
        members = {
            # Where the page of this API describes it.
            "type": f"/docs#{code}",
            "title": CATALOGUE[code].description,
            "status": status,
            "detail": members["error"],
            "code": code,
            **{name: value for name, value in members.items() if name != "error"},
        }
    headers = {"Vary": f"Accept, {VARY}", **headers, "X-Error-Code": code}
    return Response(dumps(members), status, headers, media_type=media_type)


async def on_api_error(request: Request, error: Exception) -> Response:
    """Handles `ApiError`."""
    assert isinstance(error, ApiError)
    return error_response(request, error)


async def on_http_exception(request: Request, error: Exception) -> Response:
    """Handles what Starlette's router raises: no such path, or not with this method."""
    assert isinstance(error, HTTPException)
    if error.status_code == 405:
        allowed = dict(error.headers or {})
        message = f"This path does not answer {request.method[:20]}; allowed: {allowed.get('Allow')}."
        return error_response(request, ApiError("MethodNotAllowed", message, headers=allowed))
    if error.status_code == 404:
        message = "There is nothing at this path. The paths are written without a slash at the end."
        return error_response(request, ApiError("NotFound", message))
    raise error


async def on_mongo_error(request: Request, error: Exception) -> Response:
    """Handles a database that is down or slow: it is the server's fault, and passes."""
    logger.error("mongo failed", action="mongo_failed", exception=type(error).__name__)
    return error_response(request, _unexpected(request, Failure.MONGO, retry_after=_RETRY_AFTER_SECONDS))


async def on_assets_error(request: Request, error: Exception) -> Response:
    """Handles media files that can't be reached."""
    logger.error("the media files can't be reached", action="assets_failed", error=str(error.__cause__))
    metrics: Metrics = request.app.state.metrics
    metrics.failed(Failure.ASSETS)
    message = "The media files can't be reached: try again soon."
    return error_response(request, ApiError("ServiceUnavailable", message, retry_after=_RETRY_AFTER_SECONDS))


def _unexpected(request: Request, reason: Failure, retry_after: float | None = None) -> ApiError:
    metrics: Metrics = request.app.state.metrics
    metrics.failed(reason)
    return ApiError(
        "UnexpectedError",
        f"Something went wrong in the server. Try again later; if it stays, report the request id "
        f"{origin_of(request).request_id}.",
        retry_after=retry_after,
    )


class CatchAll:
    """Answers what nothing else handled with a 500 that shows nothing of it; the log has the traceback.

    So it does when no answer has begun `max_seconds` after the request did.
    """

    def __init__(self, app: ASGIApp, max_seconds: float) -> None:
        self._app = app
        self._max_seconds = max_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def watched(message: Message) -> None:
            nonlocal started
            if not started:
                started = True
                limit.reschedule(None)
            await send(message)

        try:
            async with asyncio.timeout_at(scope["state"]["began"] + self._max_seconds) as limit:
                await self._app(scope, receive, watched)
        except Exception as error:
            if started:
                raise
            request = Request(scope)
            if limit.expired():
                logger.error("no answer in time", action="request_timed_out")
                answer = _unexpected(request, Failure.TIME, retry_after=_RETRY_AFTER_SECONDS)
            else:
                logger.error("unexpected error", action="unexpected_error", exc_info=error)
                answer = _unexpected(request, Failure.BUG)
            await error_response(request, answer)(scope, receive, send)


EXCEPTION_HANDLERS = {
    ApiError: on_api_error,
    HTTPException: on_http_exception,
    PyMongoError: on_mongo_error,
    AssetsError: on_assets_error,
}
