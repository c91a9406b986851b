"""One process of the service: what it opens, serves and closes."""

import socket
import sys
import threading
from contextlib import closing
from typing import TextIO, cast

import structlog
from libcommon.logs import configure_logging
from pymongo.errors import PyMongoError

from api.access_log import AccessLog
from api.app import create_app
from api.log_writer import LogWriter
from api.server import Server
from api.services import Databases
from api.settings import ApiSettings


def serve(listener: socket.socket) -> int:
    """Serves at `listener` until SIGTERM, with the settings of the environment; returns the exit code."""
    settings = ApiSettings.from_environment()
    with closing(LogWriter()) as writer:
        configure_logging("api", settings.log_level, cast(TextIO, writer))
        try:
            databases = Databases(settings)
        except PyMongoError as error:
            print(f"MONGO_URL: the MongoDB server can't be used ({type(error).__name__})", file=sys.stderr)
            return 1
        wants_requests = settings.log_level in ("DEBUG", "INFO")
        stopping = threading.Event()
        app = create_app(settings, databases, AccessLog(writer) if wants_requests else None, stopping)
        host, port = listener.getsockname()[:2]
        structlog.get_logger().info("listening", action="listening", host=host, port=port)
        server = Server(
            app,
            drain_seconds=settings.api_drain_seconds,
            client_seconds=settings.api_client_seconds,
            on_stopping=stopping.set,
        )
        server.run(sockets=[listener])
        structlog.get_logger().info("stopped", action="stopped")
    return 0
