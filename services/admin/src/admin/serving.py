"""`python -m admin serve`: answers over HTTP until SIGTERM. Exit code 2: a setting is wrong or the address taken."""

import socket
import sys
from types import FrameType

import structlog
import uvicorn
from libcache.storage import open_assets
from libcommon.logs import configure_logging

from admin.app import create_app
from admin.door import Door
from admin.hub import Hub
from admin.metrics import Metrics
from admin.office import Office
from admin.settings import AdminSettings

_DRAIN_SECONDS = 10


def serve() -> int:
    """Serves until it is asked to stop; returns the exit code."""
    settings = AdminSettings.from_environment()
    try:
        listener = _listen(settings.admin_host, settings.admin_port)
    except OSError as error:
        where = f"{settings.admin_host} port {settings.admin_port}"
        print(f"ADMIN_HOST, ADMIN_PORT: can't listen on {where}: {error.strerror}", file=sys.stderr)
        return 2
    configure_logging("admin", settings.log_level)
    log = structlog.get_logger()
    office = Office(settings)
    door = Door(settings, Hub(settings.hf_endpoint, settings.hf_token))
    if door.is_closed:
        log.warning("closed: neither ADMIN_TOKEN nor ADMIN_ORGANIZATION is set", action="closed")
    app = create_app(office, door, Metrics(office, open_assets(settings)))
    config = uvicorn.Config(
        app,
        lifespan="off",
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=_DRAIN_SECONDS,
    )
    with listener:
        host, port = listener.getsockname()[:2]
        log.info("listening", action="listening", url=f"http://{f'[{host}]' if ':' in host else host}:{port}")
        _Server(config).run(sockets=[listener])
    return 0


class _Server(uvicorn.Server):
    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        # Not the base's way, which after the drain would raise the signal again: a clean stop exits with 0.
        self.should_exit = True


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen()
    except OSError:
        listener.close()
        raise
    return listener
