"""GET /docs: what there is, for people."""

from starlette.requests import Request
from starlette.responses import Response

from api.content import Content
from api.endpoint import NOT_MODIFIED, Answer, Endpoint
from api.serving import respond

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"


async def docs(request: Request) -> Response:
    page: Content = request.app.state.page
    headers = {"Cache-Control": "max-age=120", "Content-Security-Policy": _POLICY}
    return await respond(request, page, headers, media_type="text/html; charset=utf-8")


_HEADERS = ("Content-Security-Policy", "ETag")
ENDPOINT = Endpoint(
    path="/docs",
    handler=docs,
    summary="This API as a page to read",
    answers=(
        Answer(200, "The page.", {"text/html": {"type": "string"}}, (*_HEADERS, "Content-Encoding")),
        Answer(304, NOT_MODIFIED.description, headers=_HEADERS),
    ),
)
