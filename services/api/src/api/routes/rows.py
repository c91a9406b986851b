"""GET /rows: a range of the rows of a split, cut out of its precomputed page."""

from libcache.reading import StoredAnswer
from libcommon.jsons import dumps
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.errors import ApiError
from api.lookup import first_page
from api.parameters import Parameters
from api.serving import serve_part

_ROWS_PER_PAGE = 100


async def rows(request: Request) -> Response:
    parameters = Parameters(request)
    dataset, config, split = parameters.dataset(), parameters.required("config"), parameters.required("split")
    offset = parameters.number("offset", lowest=0) or 0
    length = parameters.number("length", lowest=0, highest=_ROWS_PER_PAGE)
    record, page = await first_page(request, dataset, config, split)
    begin, end = _range(page, offset, length)
    body = await run_in_threadpool(_cut, page, begin, end)
    return await serve_part(request, record, page, body)


def _range(page: StoredAnswer, offset: int, length: int | None) -> tuple[int, int]:
    """The first row to send and the one after the last.

    Raises:
        ApiError: `RowsNotPrecomputed`, where the split has rows there that the page doesn't.
    """
    there = max(len(page.row_offsets) - 1, 0)
    end = there if length is None else offset + length
    if page.partial and (end > there or offset > there or (length is None and offset == there)):
        last = f"the last one there is has offset {there - 1}" if there else "there is none"
        raise ApiError(
            "RowsNotPrecomputed",
            f"Only the first {there} rows of this split can be had: {last}. Ask for rows before that.",
        )
    return min(offset, there), min(end, there)


def _cut(page: StoredAnswer, begin: int, end: int) -> bytes:
    body = page.body()
    features = body[slice(*page.features_span)]
    chosen = body[page.row_offsets[begin] : page.row_offsets[end] - 1] if begin < end else b""
    return b'{"features":%b,"rows":[%b],"num_rows_total":%b,"num_rows_per_page":%d,"partial":%b}' % (
        features,
        chosen,
        dumps(page.num_rows_total),
        _ROWS_PER_PAGE,
        dumps(page.partial),
    )


ROUTE = Route("/rows", rows)
