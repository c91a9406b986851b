"""GET /healthcheck: the process is up."""

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route


async def healthcheck(request: Request) -> Response:
    return PlainTextResponse("ok", headers={"Cache-Control": "no-store"})


ROUTE = Route("/healthcheck", healthcheck)
