"""GET /openapi.json: what there is, for programs."""

from starlette.requests import Request
from starlette.responses import Response

from api.content import Content
from api.endpoint import NOT_MODIFIED, Answer, Endpoint
from api.serving import respond


async def openapi(request: Request) -> Response:
    document: Content = request.app.state.openapi
    return await respond(request, document, {"Cache-Control": "max-age=120"})


ENDPOINT = Endpoint(
    path="/openapi.json",
    handler=openapi,
    summary="This document",
    answers=(
        Answer(200, "OpenAPI 3.1.", {"application/json": {"type": "object"}}, ("Content-Encoding", "ETag")),
        Answer(304, NOT_MODIFIED.description, headers=("ETag",)),
    ),
    kept=True,
)
