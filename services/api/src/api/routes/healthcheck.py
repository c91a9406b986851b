"""GET /healthcheck: the process is up."""

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from api.endpoint import Answer, Endpoint


async def healthcheck(request: Request) -> Response:
    return PlainTextResponse("ok", headers={"Cache-Control": "no-store"})


ENDPOINT = Endpoint(
    path="/healthcheck",
    handler=healthcheck,
    summary="Whether the process is up",
    answers=(Answer(200, "It is.", {"text/plain": {"const": "ok"}}),),
)
