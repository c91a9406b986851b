"""GET /ready: the process can do its work, and isn't about to stop."""

import asyncio
from collections.abc import Awaitable
from typing import TYPE_CHECKING

from anyio import to_thread
from libcache.directory import Directory
from libcommon.jsons import dumps
from pymongo.errors import PyMongoError
from starlette.requests import Request
from starlette.responses import Response

from api.endpoint import Answer, Endpoint
from api.schemas import READY
from api.services import services_of

if TYPE_CHECKING:
    from libcache.bucket import Bucket

_TIMEOUT_SECONDS = 2.0
_OK = "ok"


async def ready(request: Request) -> Response:
    services, app = services_of(request), request.app.state
    mongo, assets = await asyncio.gather(_mongo(services.mongo.admin.command("ping")), _assets(services.assets))
    if assets == _OK and not isinstance(services.assets, Directory):
        app.has_reached_bucket = True
    # A bucket that was reached is every process's trouble later, and of files only: none would be left to answer.
    has_assets = assets == _OK or app.has_reached_bucket
    stopping = app.stopping.is_set()
    good = mongo == _OK and has_assets and not stopping
    state = {"mongo": mongo, "assets": assets} | ({"process": "stopping"} if stopping else {})
    return Response(dumps(state), 200 if good else 503, {"Cache-Control": "no-store"}, media_type="application/json")


async def _mongo(ping: Awaitable[object]) -> str:
    try:
        async with asyncio.timeout(_TIMEOUT_SECONDS):
            await ping
    except (PyMongoError, TimeoutError):
        return "does not answer"
    return _OK


async def _assets(assets: "Directory | Bucket") -> str:
    try:
        async with asyncio.timeout(_TIMEOUT_SECONDS):
            if not isinstance(assets, Directory):
                return _OK if await assets.is_there() else "no readable bucket"
            # A disk that hangs keeps the thread, not the answer.
            await to_thread.run_sync(assets.check, abandon_on_cancel=True)
    except TimeoutError:
        return "does not answer"
    except OSError:
        return "no readable directory"
    return _OK


_JSON = {"application/json": READY}
ENDPOINT = Endpoint(
    path="/ready",
    handler=ready,
    summary="Whether the process can do its work, and isn't about to stop",
    answers=(Answer(200, "It can.", _JSON), Answer(503, "It can't; the body says why.", _JSON)),
)
