"""The ceiling of what the api keeps in memory: the same bytes, by the api's own server, from an app that knows no more.

Each of its processes listens on a socket of its own at one port.
"""

import multiprocessing
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from multiprocessing.synchronize import Barrier

from api.server import Server
from stack.mongo import free_port
from starlette.applications import Starlette
from starlette.types import Message, Receive, Scope, Send

from bench.api.exchange import Answer

_BACKLOG = 2048
_START_SECONDS = 60.0
_DRAIN_SECONDS = 1
_CLIENT_SECONDS = 30
# The server adds these by itself.
_OF_SERVER = ("date", "connection")
_processes = multiprocessing.get_context("spawn")


@contextmanager
def from_memory(answers: Mapping[str, Answer], processes: int) -> Iterator[int]:
    """Serves an answer to each request of a name, with the headers it had; returns the port."""
    port, listening = free_port(), _processes.Barrier(processes + 1)
    started = [
        _processes.Process(target=_serve, args=(answers, port, listening), daemon=True) for _ in range(processes)
    ]
    try:
        for process in started:
            process.start()
        listening.wait(_START_SECONDS)
        yield port
    finally:
        for process in started:
            process.terminate()
            process.join()


class _FromMemory(Starlette):
    """Starlette only for what a server does when it starts and stops."""

    def __init__(self, answers: Mapping[str, Answer]) -> None:
        super().__init__()
        self._messages = {name.encode(): _messages(answer) for name, answer in answers.items()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await super().__call__(scope, receive, send)
            return
        for message in self._messages[dict(scope["headers"])[b"user-agent"]]:
            await send(message)


def _messages(answer: Answer) -> tuple[Message, Message]:
    headers = [
        (name.lower().encode("latin-1"), value.encode("latin-1"))
        for name, value in answer.headers
        if name.lower() not in _OF_SERVER
    ]
    start = {"type": "http.response.start", "status": answer.status, "headers": headers}
    return start, {"type": "http.response.body", "body": answer.body}


def _serve(answers: Mapping[str, Answer], port: int, listening: Barrier) -> None:
    # The protocol is named because asyncio turns Nagle's delay of 40 ms off only where it is.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen(_BACKLOG)
        listening.wait(_START_SECONDS)
        server = Server(
            _FromMemory(answers),
            drain_seconds=_DRAIN_SECONDS,
            client_seconds=_CLIENT_SECONDS,
            on_stopping=lambda: None,
        )
        server.run(sockets=[listener])
