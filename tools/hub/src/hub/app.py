"""The Hub as an ASGI application: every endpoint, and what happens when one fails."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from hub.call import Call, Hub
from hub.errors import HubError
from hub.files import StoppingError
from hub.routes import commit, datasets, faults, lfs, preupload, repos, resolve, traffic, tree, users
from hub.routing import Route, find
from hub.rules import AccessError

logger = logging.getLogger("hub.app")

Handler = Callable[[Call], Awaitable[Response]]


async def home(call: Call) -> Response:
    return PlainTextResponse(
        f"A small Hub. Its datasets: {call.base_url}/api/datasets\n"
        f"To use it: HF_ENDPOINT={call.base_url} HF_HUB_DISABLE_XET=1\n"
    )


async def healthcheck(call: Call) -> Response:
    return PlainTextResponse("ok")


_DATASET = "/api/datasets/{namespace}/{name}"
_GIT = "/datasets/{namespace}/{name}.git/info/lfs"
ROUTES: list[Route[Handler]] = [
    Route("GET", "/", home),
    Route("GET", "/healthcheck", healthcheck),
    Route("GET", "/faults", faults.faults),
    Route("PUT", "/faults", faults.replace),
    Route("GET", "/traffic", traffic.traffic),
    Route("GET", "/api/datasets", datasets.datasets),
    Route("GET", "/api/datasets/{name}", datasets.canonical),
    Route("GET", _DATASET, datasets.dataset),
    Route("GET", f"{_DATASET}/revision/{{revision}}", datasets.dataset),
    Route("GET", f"{_DATASET}/refs", datasets.refs),
    Route("GET", f"{_DATASET}/tree/{{revision}}", tree.tree),
    Route("GET", f"{_DATASET}/tree/{{revision}}/{{path...}}", tree.tree),
    Route("POST", f"{_DATASET}/paths-info/{{revision}}", tree.paths_info),
    Route("GET", "/datasets/{namespace}/{name}/resolve/{revision}/{path...}", resolve.resolve),
    Route("GET", "/api/whoami-v2", users.whoami),
    Route("GET", f"{_DATASET}/auth-check", users.auth_check),
    Route("GET", f"{_DATASET}/auth-check/write", users.auth_check_write),
    Route("POST", "/api/repos/create", repos.create),
    Route("POST", "/api/repos/move", repos.move),
    Route("DELETE", "/api/repos/delete", repos.delete),
    Route("PUT", f"{_DATASET}/settings", repos.settings),
    Route("POST", "/api/validate-yaml", preupload.validate_yaml),
    Route("POST", f"{_DATASET}/preupload/{{revision}}", preupload.preupload),
    Route("POST", f"{_GIT}/objects/batch", lfs.batch),
    Route("POST", f"{_GIT}/objects/verify", lfs.verify),
    Route("PUT", "/lfs/{key}", lfs.upload),
    Route("POST", f"{_DATASET}/commit/{{revision}}", commit.commit),
]
# For who runs or measures the Hub: they meet no faults and are not counted.
_APART = frozenset({"/healthcheck", "/faults", "/traffic"})


def make_app(hub: Hub) -> ASGIApp:
    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        response = await _respond(hub, Request(scope, receive))
        await response(scope, receive, send)

    # The counter outside: it sees what the faults leave of an answer.
    served = hub.traffic.around(hub.faults.around(answer))

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await (answer if scope["path"] in _APART else served)(scope, receive, send)
        except asyncio.CancelledError:
            if not hub.store.stopping.is_set():
                raise
            logger.info("%s %s was cut off by the stop", scope["method"], scope["path"])
        except resolve.FileChangedError:
            # The answer has begun: closing the connection before its end is all that is left to say.
            logger.warning("%s changed while it was being sent", scope["path"])

    return app


async def _respond(hub: Hub, request: Request) -> Response:
    try:
        handler, values = find(ROUTES, request.method, request.scope["raw_path"])
        return await handler(Call(hub, request, values))
    except HubError as error:
        return error.response()
    except AccessError as error:
        return HubError(409, f"hub.yaml must be repaired first: {error}").response()
    except StoppingError:
        return HubError(503, "The Hub is being stopped.").response()
    except ClientDisconnect:
        return Response(status_code=400)
    except Exception:
        logger.exception("%s %s failed", request.method, request.scope["path"])
        return JSONResponse({"error": "The Hub failed; its log says why."}, 500)
