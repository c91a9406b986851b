"""GET /splits: the configs and splits of a dataset."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.lookup import admit_known, listed_config, listing
from api.parameters import Parameters
from api.serving import serve, serve_part


async def splits(request: Request) -> Response:
    parameters = Parameters(request)
    dataset = parameters.dataset()
    config = parameters.optional("config")
    record = await admit_known(request, dataset)
    answer = await listing(request, record)
    if config is None:
        return await serve(request, record, answer)
    entries = await listed_config(record, answer, config)
    return await serve_part(request, record, answer, b'{"splits":[' + entries + b'],"pending":[],"failed":[]}')


ROUTE = Route("/splits", splits)
