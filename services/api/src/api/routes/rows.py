"""GET /rows: a range of the rows of a split, cut out of its precomputed page."""

from libcache.reading import StoredAnswer
from libcache.records import Record
from libcommon.digests import digest_of
from libcommon.jsons import dumps
from starlette.requests import Request
from starlette.responses import Response

from api.content import Content
from api.endpoint import ERRORS_OF_ANSWERS, HEADERS_OF_ANSWERS, NOT_MODIFIED, Answer, Endpoint, Parameter
from api.errors import ApiError
from api.lookup import first_page
from api.parameters import CONFIG, DATASET, MAX_NUMBER, SPLIT, Parameters
from api.schemas import PAGE_OF_ROWS
from api.serving import serve_part, signed

_ROWS_PER_PAGE = 100
_OFFSET = Parameter(
    "offset", "The first row.", {"type": "integer", "minimum": 0, "maximum": MAX_NUMBER, "default": 0}, example=0
)
_LENGTH = Parameter(
    "length",
    "How many rows. Without it: those that can be had from `offset` on.",
    {"type": "integer", "minimum": 0, "maximum": _ROWS_PER_PAGE},
    example=3,
)


async def rows(request: Request) -> Response:
    parameters = Parameters(request)
    dataset, config, split = parameters.dataset(), parameters.required(CONFIG), parameters.required(SPLIT)
    offset = parameters.number(_OFFSET) or 0
    length = parameters.number(_LENGTH)
    record, page = await first_page(request, dataset, config, split)
    begin, end = _range(page, offset, length)
    digest = digest_of(f"{page.digest} {begin} {end}".encode())
    content = Content(digest, lambda: _cut(request, record, page, begin, end), page.size)
    return await serve_part(request, record, page, content)


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


def _cut(request: Request, record: Record, page: StoredAnswer, begin: int, end: int) -> bytes:
    body = page.body()
    first, after = (page.row_offsets[begin], page.row_offsets[end] - 1) if begin < end else (0, 0)
    ends = [place - first for place in page.asset_ends if first < place < after]
    return b'{"features":%b,"rows":[%b],"num_rows_total":%b,"num_rows_per_page":%d,"partial":%b}' % (
        body[slice(*page.features_span)],
        signed(request, body[first:after], ends, record),
        dumps(page.num_rows_total),
        _ROWS_PER_PAGE,
        dumps(page.partial),
    )


ENDPOINT = Endpoint(
    path="/rows",
    handler=rows,
    summary="A range of the rows of a split",
    description="Only rows of the first page can be had.",
    parameters=(DATASET, CONFIG, SPLIT, _OFFSET, _LENGTH),
    answers=(
        Answer(200, "The rows.", {"application/json": PAGE_OF_ROWS}, HEADERS_OF_ANSWERS),
        NOT_MODIFIED,
    ),
    errors=(*ERRORS_OF_ANSWERS, "RowsNotPrecomputed"),
    kept=True,
)
