"""`python -m hub`: serve a folder of datasets until SIGTERM or SIGINT."""

import asyncio
import contextlib
import logging
import os
import signal
import socket
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from hub.access import Access
from hub.app import make_app
from hub.call import Hub
from hub.commits import finish_commits
from hub.faults import CLOSE_CONNECTION, FaultInjector
from hub.files import StoppingError
from hub.moves import finish_moves
from hub.rules import AccessError
from hub.settings import Settings, SettingsError, read_settings
from hub.state import StateError
from hub.store import ACCESS_FILE, Store
from hub.traffic import Traffic
from hub.uploads import Uploads
from hub.watch import Watcher
from hub.webhooks import Receiver

_GRACE_SECONDS = 1
_KEEP_ALIVE_SECONDS = 60
# Reading and hashing wait for the disk.
_THREADS = 32


class _Protocol(H11Protocol):
    """HTTP over a connection that the application can close: faults do."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.app_state = {**self.app_state, CLOSE_CONNECTION: transport.close}


class _Server(uvicorn.Server):
    """A server that says when it listens, and leaves signals alone: the Hub has more to stop than its connections."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        for listener in sockets or []:
            print(f"hub: listening on {_address(listener)}", flush=True)


async def _serve(settings: Settings, listener: socket.socket) -> None:
    access = Access(settings.directory / ACCESS_FILE, settings.worker_token)
    store = Store(settings.directory)
    receivers = [Receiver(url, settings, _address(listener), store, access) for url in settings.webhooks]
    uploads = Uploads(store.work_directory / "uploads")
    server = _Server(
        uvicorn.Config(
            make_app(Hub(store, access, uploads, FaultInjector(settings.faults), Traffic())),
            http=_Protocol,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_keep_alive=_KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=_GRACE_SECONDS,
        )
    )

    def stop() -> None:
        store.stopping.set()
        server.should_exit = True

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop)
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(_THREADS))
    await asyncio.to_thread(store.remove_graves)
    await asyncio.to_thread(finish_commits, store)
    await asyncio.to_thread(finish_moves, store, access)
    with contextlib.suppress(StoppingError):
        await store.refresh_all()
    background = [asyncio.create_task(Watcher(store, access).run())]
    background += [asyncio.create_task(receiver.run()) for receiver in receivers]
    for task in background:
        task.add_done_callback(lambda _: stop())
    if not store.stopping.is_set():
        await server.serve(sockets=[listener])
    for task in background:
        task.cancel()
    for outcome in await asyncio.gather(*background, return_exceptions=True):
        if isinstance(outcome, Exception):
            raise outcome


def _listen(settings: Settings) -> socket.socket:
    try:
        family = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)[0][0]
        listener = socket.create_server((settings.host, settings.port), family=family, backlog=2048)
    except OSError as error:
        reason = error.strerror or str(error)
        raise SettingsError(f"can't listen on {settings.host}:{settings.port}: {reason}") from error
    # Connections inherit it. asyncio would set it only on sockets made with an explicit protocol; without it the second
    # packet of every answer waits 40 ms for the client's delayed acknowledgement of the first.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def main() -> int:
    logging.basicConfig(level=logging.INFO, format="hub: %(levelname)s: %(message)s", stream=sys.stderr)
    logging.getLogger("httpx2").setLevel(logging.WARNING)
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    try:
        settings = read_settings(sys.argv[1:], os.environ)
        with _listen(settings) as listener:
            asyncio.run(_serve(settings, listener))
    except AccessError as error:
        print(f"hub: {ACCESS_FILE}: {error}", file=sys.stderr)
        return 2
    except (SettingsError, StateError) as error:
        print(f"hub: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
