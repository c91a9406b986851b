"""GET /is-valid: what there is for a dataset, a config or a split."""

from dataclasses import replace

from libcommon.jsons import dumps
from libqueue.model import JobKey
from starlette.requests import Request
from starlette.responses import Response

from api.caching import cache_control, may_be_shared
from api.content import Content
from api.endpoint import ERRORS_OF_DATASETS, NOT_MODIFIED, Answer, Endpoint
from api.errors import ApiError
from api.lookup import admit, queued
from api.parameters import CONFIG, DATASET, SPLIT, Parameters
from api.schemas import IS_VALID
from api.services import services_of
from api.serving import respond

_CONFIG = replace(CONFIG, required=False, description="Whether this config has a preview.")
_SPLIT = replace(SPLIT, required=False, description="Whether this split of the config has one.")


async def is_valid(request: Request) -> Response:
    parameters = Parameters(request)
    dataset, config, split = parameters.dataset(), parameters.optional(_CONFIG), parameters.optional(_SPLIT)
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
    return await respond(request, Content.of(dumps(body)), headers)


ENDPOINT = Endpoint(
    path="/is-valid",
    handler=is_valid,
    summary="What there is for a dataset, a config or a split",
    description="A dataset that the caller may see always gets 200, with `false` for what isn't there (yet).",
    parameters=(DATASET, _CONFIG, _SPLIT),
    answers=(
        Answer(
            200,
            "What there is.",
            {"application/json": IS_VALID},
            ("ETag", "X-Cache"),
            {"preview": True, "viewer": False, "search": False, "filter": False, "statistics": False},
        ),
        replace(NOT_MODIFIED, headers=("ETag", "X-Cache")),
    ),
    errors=ERRORS_OF_DATASETS,
    kept=True,
)
