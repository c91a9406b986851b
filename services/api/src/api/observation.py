"""What is seen of every request: its id, one log line, its metrics."""

import asyncio
import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.access_log import AccessLog, Answered
from api.metrics import Metrics
from api.tracing import Origin

# What is noted of many requests together costs a third of what it does after each.
_GATHERING_SECONDS = 0.02


class Observation:
    """Pure ASGI middleware. The query and the headers, which may hold secrets, are never logged."""

    def __init__(self, app: ASGIApp, metrics: Metrics, access_log: AccessLog | None) -> None:
        self._app = app
        self._metrics = metrics
        self._access_log = access_log
        self._answered: list[Answered] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            self._note()
            return
        started = time.perf_counter()
        loop = asyncio.get_running_loop()
        origin = Origin.of(scope["headers"])
        scope["state"]["origin"] = origin
        scope["state"]["began"] = loop.time()
        request_id = (b"x-request-id", origin.request_id.encode())
        status = 500
        code: str | None = None
        sent_bytes = 0

        async def watched(message: Message) -> None:
            nonlocal status, code, sent_bytes
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = message["headers"]
                if status >= 400:
                    code = next((value.decode() for name, value in headers if name == b"x-error-code"), None)
                # A new list: the message may be one that is sent again.
                message = {**message, "headers": [*headers, request_id]}
            else:
                sent_bytes += len(message.get("body", b"")) if scope["method"] != "HEAD" else 0
            await send(message)

        try:
            await self._app(scope, receive, watched)
        finally:
            seconds = time.perf_counter() - started
            if not self._answered:
                loop.call_later(_GATHERING_SECONDS, self._note)
            route = getattr(scope.get("route"), "path", "unmatched")
            self._answered.append(
                Answered(time.time(), scope["method"], scope["path"], route, status, code, sent_bytes, seconds, origin)
            )

    def _note(self) -> None:
        answered, self._answered = self._answered, []
        for each in answered:
            self._metrics.answered(each.route, each.method, each.status, each.seconds)
        if self._access_log is not None:
            self._access_log.note(answered)
