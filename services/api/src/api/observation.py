"""What is seen of every request: its id, one log line, its metrics."""

import re
import time
import uuid

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.metrics import Metrics

_WELL_FORMED_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")
_MAX_LOGGED_PATH = 300

logger = structlog.get_logger()


class Observation:
    """Pure ASGI middleware. The query and the headers, which may hold secrets, are never logged."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        given = Headers(scope=scope).get("x-request-id", "")
        request_id = given if _WELL_FORMED_ID.fullmatch(given) else str(uuid.uuid4())
        scope.setdefault("state", {})["request_id"] = request_id
        structlog.contextvars.bind_contextvars(request_id=request_id)
        status = 500
        code = None

        async def watched(message: Message) -> None:
            nonlocal status, code
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["X-Request-Id"] = request_id
                status = message["status"]
                code = headers.get("x-error-code")
            await send(message)

        self._metrics.begun()
        try:
            await self._app(scope, receive, watched)
        finally:
            seconds = time.perf_counter() - started
            route = getattr(scope.get("route"), "path", "unmatched")
            self._metrics.answered(route, scope["method"], status, seconds)
            logger.info(
                "request",
                action="request",
                method=scope["method"][:20],
                path=scope["path"][:_MAX_LOGGED_PATH],
                status=status,
                code=code,
                seconds=round(seconds, 4),
            )
