"""One process of the service: what it opens, serves and closes."""

import socket
import sys
from contextlib import ExitStack

import structlog
from libcommon.logs import configure_logging
from pymongo.errors import PyMongoError

from api.access_log import AccessLog
from api.app import create_app
from api.server import Server
from api.services import Databases
from api.settings import ApiSettings


def serve(listener: socket.socket) -> int:
    """Serves at `listener` until SIGTERM, with the settings of the environment; returns the exit code."""
    settings = ApiSettings.from_environment()
    configure_logging("api", settings.log_level)
    try:
        databases = Databases(settings)
    except PyMongoError as error:
        print(f"MONGO_URL: the MongoDB server can't be used ({type(error).__name__})", file=sys.stderr)
        return 1
    with ExitStack() as closing:
        access_log = None
        if settings.log_level in ("DEBUG", "INFO"):
            access_log = AccessLog()
            closing.callback(access_log.close)
        app = create_app(settings, databases, access_log)

        def stopping() -> None:
            app.state.stopping = True

        host, port = listener.getsockname()[:2]
        structlog.get_logger().info("listening", action="listening", host=host, port=port)
        server = Server(
            app,
            drain_seconds=settings.api_drain_seconds,
            client_seconds=settings.api_client_seconds,
            on_stopping=stopping,
        )
        server.run(sockets=[listener])
    structlog.get_logger().info("stopped", action="stopped")
    return 0
