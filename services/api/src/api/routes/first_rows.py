"""GET /first-rows: the columns of a split and its first rows."""

from starlette.requests import Request
from starlette.responses import Response

from api.endpoint import ERRORS_OF_ANSWERS, HEADERS_OF_ANSWERS, NOT_MODIFIED, Answer, Endpoint
from api.lookup import first_page
from api.parameters import CONFIG, DATASET, SPLIT, Parameters
from api.schemas import FIRST_ROWS
from api.serving import serve


async def first_rows(request: Request) -> Response:
    parameters = Parameters(request)
    dataset, config, split = parameters.dataset(), parameters.required(CONFIG), parameters.required(SPLIT)
    record, page = await first_page(request, dataset, config, split)
    return await serve(request, record, page)


ENDPOINT = Endpoint(
    path="/first-rows",
    handler=first_rows,
    summary="The columns of a split and its first rows",
    description="At most 100 rows and 1,000,000 bytes: rows are left out and cells are cut to come to that. The "
    "signatures of URLs come on top.",
    parameters=(DATASET, CONFIG, SPLIT),
    answers=(
        Answer(200, "The first rows.", {"application/json": FIRST_ROWS}, HEADERS_OF_ANSWERS),
        NOT_MODIFIED,
    ),
    errors=ERRORS_OF_ANSWERS,
    kept=True,
)
