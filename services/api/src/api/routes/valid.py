"""GET /valid: the public datasets that have a preview."""

from libcommon.jsons import dumps
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.caching import cache_control
from api.parameters import Parameters
from api.services import services_of

_MAX_LIMIT = 1000


async def valid(request: Request) -> Response:
    parameters = Parameters(request)
    cursor = parameters.optional("cursor")
    limit = parameters.number("limit", lowest=1, highest=_MAX_LIMIT) or _MAX_LIMIT
    names = await services_of(request).reader.names_with_preview(cursor, limit + 1)
    body = {"valid": names[:limit], "next_cursor": names[limit - 1] if len(names) > limit else None}
    headers = {"Cache-Control": cache_control(shared=True, fresh=True)}
    return Response(dumps(body), 200, headers, media_type="application/json")


ROUTE = Route("/valid", valid)
