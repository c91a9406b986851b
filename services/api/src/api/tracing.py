"""What ties log lines, jobs and answers together: the id of a request, and the trace that it is a part of.

Source: https://www.w3.org/TR/trace-context/
"""

import random
import re
from collections.abc import Iterable
from typing import NamedTuple, Self

import structlog
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,128}")
_TRACEPARENT = re.compile(rb"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


class Origin(NamedTuple):
    """Where a request comes from. What is malformed counts as not sent; a request id is made then."""

    request_id: str
    traceparent: str | None

    @classmethod
    def of(cls, headers: Iterable[tuple[bytes, bytes]]) -> Self:
        """What the headers of a request say."""
        request_id = traceparent = None
        for name, value in headers:
            if name == b"x-request-id" and _REQUEST_ID.fullmatch(value):
                request_id = value.decode()
            elif name == b"traceparent" and _TRACEPARENT.fullmatch(value):
                traceparent = value.decode()
        return cls(request_id or f"{random.getrandbits(128):032x}", traceparent)

    @property
    def labels(self) -> dict[str, str]:
        """What log lines and jobs carry."""
        labels = {"request_id": self.request_id}
        if self.traceparent is not None:
            labels["traceparent"] = self.traceparent
        return labels


def origin_of(request: Request) -> Origin:
    """The origin that was noted for `request`."""
    origin: Origin = request.state.origin
    return origin


class Labelled:
    """Pure ASGI middleware: log lines that are written on the way to an answer carry the labels of the request."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            # What came over the same connection before may have left its own.
            structlog.contextvars.unbind_contextvars("traceparent")
            structlog.contextvars.bind_contextvars(**scope["state"]["origin"].labels)
        await self._app(scope, receive, send)
