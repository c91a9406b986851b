"""GET /first-rows: the columns of a split and its first rows."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.lookup import first_page
from api.parameters import Parameters
from api.serving import serve


async def first_rows(request: Request) -> Response:
    parameters = Parameters(request)
    dataset, config, split = parameters.dataset(), parameters.required("config"), parameters.required("split")
    record, page = await first_page(request, dataset, config, split)
    return await serve(request, record, page)


ROUTE = Route("/first-rows", first_rows)
