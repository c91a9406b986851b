"""The server of the app: listens, and on SIGTERM ends what it has begun and nothing more."""

import asyncio
import resource
import socket
from collections.abc import Callable
from types import FrameType
from typing import Any, cast

import uvicorn

from api.connections import Connection
from api.settings import ApiSettings

_BACKLOG = 2048
# Longer than proxies keep theirs, which would otherwise send a request into a connection that is being closed.
_KEEP_ALIVE_SECONDS = 75
_TICKS_A_SECOND = 10


class Server(uvicorn.Server):
    """Says at once that it is going to stop, finishes the requests under way, and returns.

    It waits `drain_seconds` for these; and `client_seconds` for a client to go on with its request, or to take more
    of its answer.
    """

    def __init__(
        self, app: Callable[..., Any], *, drain_seconds: int, client_seconds: int, on_stopping: Callable[[], None]
    ) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                loop="uvloop",
                http=Connection,
                ws="none",
                lifespan="on",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_keep_alive=_KEEP_ALIVE_SECONDS,
                timeout_graceful_shutdown=drain_seconds,
            )
        )
        self._client_seconds = client_seconds
        self._on_stopping = on_stopping

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stops the server."""
        # Not the base's way, which after the drain would raise the signal again: a clean stop exits with 0.
        self._on_stopping()
        self.should_exit = True

    async def on_tick(self, counter: int) -> bool:
        """See `uvicorn.Server`."""
        if counter % _TICKS_A_SECOND == 0:
            before = asyncio.get_running_loop().time() - self._client_seconds
            for connection in list(self.server_state.connections):
                cast(Connection, connection).expire(before)
        return await super().on_tick(counter)


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


def allow_many_connections() -> None:
    """Lets this process and its children have as many open connections as the system allows."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
