"""GET /splits: the configs and splits of a dataset."""

from dataclasses import replace

from starlette.requests import Request
from starlette.responses import Response

from api.content import Content
from api.endpoint import ERRORS_OF_ANSWERS, HEADERS_OF_ANSWERS, NOT_MODIFIED, Answer, Endpoint
from api.lookup import admit_known, listed_config, listing
from api.parameters import CONFIG, DATASET, Parameters
from api.schemas import SPLITS
from api.serving import serve, serve_part

_CONFIG = replace(CONFIG, required=False, description="Only this config's splits.")


async def splits(request: Request) -> Response:
    parameters = Parameters(request)
    dataset = parameters.dataset()
    config = parameters.optional(_CONFIG)
    record = await admit_known(request, dataset)
    answer = await listing(request, record)
    if config is None:
        return await serve(request, record, answer)
    entries = await listed_config(record, answer, config)
    body = b'{"splits":[' + entries + b'],"pending":[],"failed":[]}'
    return await serve_part(request, record, answer, Content.of(body))


ENDPOINT = Endpoint(
    path="/splits",
    handler=splits,
    summary="The configs and splits of a dataset",
    parameters=(DATASET, _CONFIG),
    answers=(
        Answer(
            200,
            "The splits; and the configs that have none, with the error that is why.",
            {"application/json": SPLITS},
            HEADERS_OF_ANSWERS,
            {
                "splits": [
                    {
                        "dataset": "samples/bakery-sales",
                        "config": "default",
                        "split": "train",
                        "num_bytes": None,
                        "num_examples": None,
                    }
                ],
                "pending": [],
                "failed": [],
            },
        ),
        NOT_MODIFIED,
    ),
    errors=ERRORS_OF_ANSWERS,
    kept=True,
)
