"""The server of the app: listens, and on SIGTERM ends what it has begun and nothing more."""

import socket
from types import FrameType

import uvicorn
from starlette.applications import Starlette

from api.settings import ApiSettings

_BACKLOG = 2048


class Server(uvicorn.Server):
    """Says at once that it is not ready any more, finishes the requests under way, and returns."""

    def __init__(self, app: Starlette, drain_seconds: int) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http="h11",
                ws="none",
                lifespan="on",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_graceful_shutdown=drain_seconds,
            )
        )
        self._app = app

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        # Not the base's way, which after the drain would raise the signal again: a clean stop exits with 0.
        self._app.state.stopping = True
        self.should_exit = True


def listen(settings: ApiSettings) -> socket.socket:
    """A socket at the address of the settings.

    Raises:
        OSError: it can't be had.
    """
    family = socket.AF_INET6 if ":" in settings.api_host else socket.AF_INET
    # The protocol is named because asyncio turns Nagle's delay of 40 ms off only where it is.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        # A connection that just ended at this port doesn't make it taken; a listener does.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((settings.api_host, settings.api_port))
        listener.listen(_BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener
