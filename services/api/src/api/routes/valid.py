"""GET /valid: the public datasets that have a preview."""

from dataclasses import replace

from libcommon.jsons import dumps
from starlette.requests import Request
from starlette.responses import Response

from api.caching import cache_control
from api.content import Content
from api.endpoint import NOT_MODIFIED, Answer, Endpoint, Parameter
from api.kept import may_be_kept
from api.parameters import NAME, Parameters
from api.schemas import VALID
from api.services import services_of
from api.serving import respond

_MAX_LIMIT = 1000
_CURSOR = Parameter("cursor", "The `next_cursor` of the page before.", NAME)
_LIMIT = Parameter(
    "limit", "How many names at most.", {"type": "integer", "minimum": 1, "maximum": _MAX_LIMIT, "default": _MAX_LIMIT}
)


async def valid(request: Request) -> Response:
    parameters = Parameters(request)
    cursor = parameters.optional(_CURSOR)
    limit = parameters.number(_LIMIT) or _MAX_LIMIT
    names = await services_of(request).reader.names_with_preview(cursor, limit + 1)
    body = {"valid": names[:limit], "next_cursor": names[limit - 1] if len(names) > limit else None}
    headers = {"Cache-Control": cache_control(shared=True, fresh=True)}
    may_be_kept(request, float("inf"))
    return await respond(request, Content.of(dumps(body)), headers)


ENDPOINT = Endpoint(
    path="/valid",
    handler=valid,
    summary="The public datasets that have a preview",
    parameters=(_CURSOR, _LIMIT),
    answers=(
        Answer(
            200,
            "Their names, sorted; and where the next page begins, if there is one.",
            {"application/json": VALID},
            ("Content-Encoding", "ETag"),
        ),
        replace(NOT_MODIFIED, headers=("ETag",)),
    ),
    errors=("InvalidParameter",),
    kept=True,
)
