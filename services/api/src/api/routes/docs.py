"""GET /docs: what there is, for people."""

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from api.endpoint import Answer, Endpoint
from api.pages import page_of

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"


async def docs(request: Request) -> Response:
    headers = {"Cache-Control": "max-age=120", "Content-Security-Policy": _POLICY}
    return HTMLResponse(page_of(request.app.state.openapi), headers=headers)


ENDPOINT = Endpoint(
    path="/docs",
    handler=docs,
    summary="This API as a page to read",
    answers=(Answer(200, "The page.", {"text/html": {"type": "string"}}, ("Content-Security-Policy",)),),
)
