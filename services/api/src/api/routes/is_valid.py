"""GET /is-valid: what there is for a dataset, a config or a split."""

from libcommon.jsons import dumps
from libqueue.model import JobKey
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.caching import cache_control, may_be_shared
from api.errors import ApiError
from api.lookup import admit, queued
from api.parameters import Parameters
from api.services import services_of


async def is_valid(request: Request) -> Response:
    parameters = Parameters(request)
    dataset, config, split = parameters.dataset(), parameters.optional("config"), parameters.optional("split")
    if split is not None and config is None:
        raise ApiError("MissingRequiredParameter", "The parameter 'config' is missing: a split is one of a config.")
    record = await admit(request, dataset)
    stale = False
    if record is None:
        # Nobody announced it: the question is a reason to look at it, but the answer doesn't wait for that.
        await queued(request, JobKey("datasets", dataset))
        preview = False
    else:
        preview = await services_of(request).reader.has_preview(record, config, split)
        stale = record.refreshing
    body = {"preview": preview, "viewer": False, "search": False, "filter": False, "statistics": False}
    headers = {"Cache-Control": cache_control(shared=may_be_shared(request), fresh=preview and not stale)}
    if stale:
        headers["X-Cache"] = "stale"
    return Response(dumps(body), 200, headers, media_type="application/json")


ROUTE = Route("/is-valid", is_valid)
