"""GET /metrics: for Prometheus; the reverse proxy doesn't show it to the outside."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.metrics import CONTENT_TYPE, Metrics


async def metrics(request: Request) -> Response:
    collected: Metrics = request.app.state.metrics
    return Response(collected.text(), headers={"Cache-Control": "no-store", "Content-Type": CONTENT_TYPE})


ROUTE = Route("/metrics", metrics)
