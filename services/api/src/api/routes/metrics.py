"""GET /metrics: for Prometheus; the reverse proxy doesn't show it to the outside."""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from api.endpoint import Answer, Endpoint
from api.metrics import CONTENT_TYPE, Metrics


async def metrics(request: Request) -> Response:
    collected: Metrics = request.app.state.metrics
    text = await run_in_threadpool(collected.text)
    return Response(text, headers={"Cache-Control": "no-store", "Content-Type": CONTENT_TYPE})


ENDPOINT = Endpoint(
    path="/metrics",
    handler=metrics,
    summary="Metrics for Prometheus, of all processes of this service",
    answers=(Answer(200, "Prometheus' text format.", {"text/plain": {"type": "string"}}),),
)
