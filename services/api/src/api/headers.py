"""The headers that every answer has, errors included, and the answer to a browser's preflight."""

import re

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.caching import VARY

_EXPOSED = (
    b"X-Error-Code, X-Revision, X-Request-Id, X-Cache, X-Traceparent, ETag, Retry-After, RateLimit, RateLimit-Policy"
)
_ALWAYS = [
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", _EXPOSED),
    (b"x-content-type-options", b"nosniff"),
]
_VARY = (b"vary", VARY.encode())
_PREFLIGHT_SECONDS = "86400"
_HEADER_NAMES = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~, -]{1,1000}")


class CommonHeaders:
    """Pure ASGI middleware: any origin may read, without a browser's own credentials; nothing is sniffed."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = message["headers"]
                headers += _ALWAYS
                if all(name != b"vary" for name, _ in headers):
                    headers.append(_VARY)
            await send(message)

        sent = Headers(scope=scope)
        if scope["method"] == "OPTIONS" and "origin" in sent and "access-control-request-method" in sent:
            await _preflight(sent)(scope, receive, with_headers)
        else:
            await self._app(scope, receive, with_headers)


def _preflight(sent: Headers) -> Response:
    wanted = sent.get("access-control-request-headers", "")
    return Response(
        status_code=204,
        headers={
            "Access-Control-Allow-Methods": "GET, HEAD",
            "Access-Control-Allow-Headers": wanted if _HEADER_NAMES.fullmatch(wanted) else "Authorization",
            "Access-Control-Max-Age": _PREFLIGHT_SECONDS,
            "Vary": "Access-Control-Request-Headers",
        },
    )
