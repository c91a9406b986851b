"""The ASGI app: each verb at its path, to those whom the door lets in; and what monitors ask."""

import time
from collections.abc import Awaitable, Callable
from json import JSONDecodeError
from typing import Any

import orjson
import structlog
from libcommon.jsons import dumps
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from pydantic import ValidationError
from pymongo.errors import PyMongoError
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from admin.door import Door
from admin.errors import ClosedError, ForbiddenError, HubError, NothingError, UnauthenticatedError, UsageError
from admin.metrics import Metrics
from admin.office import Office
from admin.problems import problem_of
from admin.verb import P, Verb, perform
from admin.verbs import VERBS

_MAX_BODY_BYTES = 100_000
# What isn't said in the words of its exception is said in none that show the inside.
_STATUSES: dict[type[Exception], int] = {
    ClosedError: 403,
    UnauthenticatedError: 401,
    ForbiddenError: 403,
    UsageError: 422,
    NothingError: 404,
    HubError: 502,
}
_MONGO = "Mongo can't be used just now: try again in a moment."
_ASSETS = "The media files can't be used: the log says why."

log = structlog.get_logger()


def create_app(office: Office, door: Door, metrics: Metrics) -> ASGIApp:
    """The app; whatever it answers with is JSON, but for the metrics."""

    async def healthcheck(_request: Request) -> Response:
        return _json({"status": "ok"})

    async def ready(_request: Request) -> Response:
        await run_in_threadpool(lambda: office.desk().now())
        return _json({"status": "ready"})

    async def prometheus(_request: Request) -> Response:
        text = await run_in_threadpool(metrics.text)
        return Response(text, headers={"Cache-Control": "no-store"}, media_type=CONTENT_TYPE_PLAIN_0_0_4)

    async def index(request: Request) -> Response:
        await _admit(request, door)
        return _json({"verbs": [_described(verb) for verb in VERBS]})

    app = Starlette(
        routes=[
            Route("/healthcheck", healthcheck),
            Route("/ready", ready),
            Route("/metrics", prometheus),
            Route("/admin", index),
            *(Route(verb.path, _endpoint(verb, office, door), methods=[_method(verb)]) for verb in VERBS),
        ],
        exception_handlers={
            HTTPException: _on_http_exception,
            ValidationError: _on_validation_error,
            PyMongoError: _on_mongo_error,
            OSError: _on_os_error,
            **dict.fromkeys(_STATUSES, _on_refusal),
        },
    )
    app.router.redirect_slashes = False
    return _Observed(app)


def _endpoint(verb: Verb[Any, Any], office: Office, door: Door) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        who = await _admit(request, door)
        parameters = await _parameters(request, verb)
        result = await run_in_threadpool(lambda: perform(verb, office.desk(), parameters, who))
        return _json(result)

    return endpoint


async def _admit(request: Request, door: Door) -> str:
    who = await run_in_threadpool(door.admit, request.headers.get("authorization"))
    request.state.who = who
    return who


async def _parameters(request: Request, verb: Verb[P, Any]) -> P:
    """Those of the query, or of the body of what changes something."""
    if not verb.changes:
        given = request.query_params.multi_items()
        if len(dict(given)) < len(given):
            raise UsageError("a parameter is there twice")
        return verb.parameters.model_validate(dict(given))
    if request.query_params:
        raise UsageError("the parameters of a change are members of the JSON object in the body")
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MAX_BODY_BYTES:
            raise UsageError(f"the body has more than {_MAX_BODY_BYTES} bytes")
    try:
        members = orjson.loads(body or b"{}")
    except JSONDecodeError:
        members = None
    if not isinstance(members, dict):
        raise UsageError("the body is no JSON object")
    return verb.parameters.model_validate(members)


def _method(verb: Verb[Any, Any]) -> str:
    return "POST" if verb.changes else "GET"


def _described(verb: Verb[Any, Any]) -> dict[str, Any]:
    return {
        "method": _method(verb),
        "path": verb.path,
        "summary": verb.summary,
        "description": verb.about,
        "parameters": verb.parameters.model_json_schema(),
    }


async def _on_refusal(_request: Request, error: Exception) -> Response:
    headers = {"WWW-Authenticate": "Bearer"} if isinstance(error, UnauthenticatedError) else {}
    return _error(_STATUSES[type(error)], str(error), headers)


async def _on_validation_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, ValidationError)
    return _error(422, problem_of(error))


async def _on_http_exception(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    messages = {404: "There is nothing at this path: /admin lists what there is.", 405: "This path has another method."}
    return _error(error.status_code, messages.get(error.status_code, error.detail), dict(error.headers or {}))


async def _on_mongo_error(_request: Request, error: Exception) -> Response:
    log.error("mongo failed", action="mongo_failed", exception=type(error).__name__)
    return _error(503, _MONGO, {"Retry-After": "5"})


async def _on_os_error(_request: Request, error: Exception) -> Response:
    log.error("the assets failed", action="assets_failed", error=str(error))
    return _error(500, _ASSETS)


def _json(content: Any) -> Response:
    return Response(dumps(content), headers={"Cache-Control": "no-store"}, media_type="application/json")


def _error(status: int, message: str, headers: dict[str, str] | None = None) -> Response:
    body = dumps({"error": message})
    return Response(body, status, {"Cache-Control": "no-store", **(headers or {})}, media_type="application/json")


class _Observed:
    """ASGI middleware: a line in the log for each request at `/admin`, and an answer where all else failed."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope["state"] = {}
        began, status = time.monotonic(), 0

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except Exception as error:
            log.error("unexpected error", action="unexpected_error", exc_info=error)
            if not status:
                await _error(500, "Something went wrong in the server: its log says what.")(scope, receive, watched)
        if scope["path"].startswith("/admin"):
            log.info(
                "request",
                action="request",
                who=scope["state"].get("who"),
                method=scope["method"],
                path=scope["path"],
                status=status,
                seconds=round(time.monotonic() - began, 3),
            )
