"""The ASGI app."""

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from libcommon.jsons import dumps
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.types import ASGIApp

from api.access_log import AccessLog
from api.content import Content
from api.errors import EXCEPTION_HANDLERS, CatchAll
from api.headers import CommonHeaders
from api.kept import Kept
from api.metrics import Metrics
from api.observation import Observation
from api.openapi import openapi
from api.pages import page_of
from api.routes import ENDPOINTS
from api.services import Databases, open_services
from api.serving import StoredError, on_stored_error
from api.settings import ApiSettings
from api.tracing import Labelled


def create_app(
    settings: ApiSettings, databases: Databases, access_log: AccessLog | None, stopping: threading.Event
) -> ASGIApp:
    """The app; `stopping` is for the server to set when it is told to stop."""
    metrics = Metrics(shared=settings.api_processes > 1)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with open_services(settings, databases, metrics) as services:
            app.state.services = services
            yield

    app = Starlette(
        routes=[endpoint.route for endpoint in ENDPOINTS],
        middleware=[
            Middleware(Labelled),
            Middleware(CommonHeaders),
            Middleware(CatchAll, max_seconds=settings.api_request_seconds),
        ],
        exception_handlers={**EXCEPTION_HANDLERS, StoredError: on_stored_error},
        lifespan=lifespan,
    )
    # A path with a slash at its end is another path, and there is nothing at it.
    app.router.redirect_slashes = False
    app.state.metrics = metrics
    document = openapi(ENDPOINTS)
    app.state.openapi = Content.of(dumps(document))
    app.state.page = Content.of(page_of(document).encode())
    app.state.stopping = stopping
    app.state.has_reached_bucket = False
    # Around the framework: an answer that is kept costs nothing of it.
    kept = Kept(
        app,
        paths=[endpoint.path for endpoint in ENDPOINTS if endpoint.kept],
        max_seconds=settings.answers_memory_seconds,
        max_bytes=settings.answers_memory_bytes,
    )
    return Observation(kept, metrics, access_log)
