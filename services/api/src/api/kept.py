"""Answers that are kept in memory as they were sent, for at most a second.

What went private is therefore sent for a second longer, to those who could read it until then.
"""

import asyncio
import hashlib
import time
from collections import OrderedDict
from collections.abc import Collection
from dataclasses import dataclass
from http import HTTPStatus

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# What the answer depends on, beside the method and the address.
_HEADERS = frozenset((b"accept", b"accept-encoding", b"authorization", b"cookie", b"if-none-match", b"x-api-key"))
# Of Python's objects around an answer: about.
_OVERHEAD_BYTES = 2_000
# The most of the memory that one answer may take.
_SHARE = 0.1

Key = tuple[str, bytes, bytes, bytes]


@dataclass(frozen=True, slots=True)
class _Answer:
    """The two messages of a response, and what is to be said of it in logs and metrics."""

    until: float
    start: Message
    body: Message
    route: object
    size: int


def may_be_kept(request: Request, until: float) -> None:
    """Notes that the answer to this request holds for all that are equal to it, but not after `until` (monotonic)."""
    request.state.kept_until = until


class Kept:
    """ASGI middleware: answers `paths` from memory, and equal requests that come meanwhile together.

    `max_seconds` and `max_bytes` are how long an answer is kept, and how much memory all may take.
    """

    def __init__(self, app: ASGIApp, *, paths: Collection[str], max_seconds: float, max_bytes: int) -> None:
        self._app = app
        self._paths = frozenset(paths) if max_seconds and max_bytes else frozenset()
        self._max_seconds = max_seconds
        self._max_bytes = max_bytes
        self._bytes = 0
        self._answers: OrderedDict[Key, _Answer] = OrderedDict()
        self._coming: dict[Key, asyncio.Future[None]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] not in self._paths or scope["method"] not in ("GET", "HEAD"):
            await self._app(scope, receive, send)
            return
        key = _key(scope)
        answer = self._find(key)
        if answer is None and (coming := self._coming.get(key)):
            await asyncio.wait((coming,))
            answer = self._find(key)
        if answer is None:
            await self._answer(key, scope, receive, send)
            return
        scope["route"] = answer.route
        await send(answer.start)
        await send(answer.body)

    def _find(self, key: Key) -> _Answer | None:
        answer = self._answers.get(key)
        return answer if answer is not None and time.monotonic() < answer.until else None

    async def _answer(self, key: Key, scope: Scope, receive: Receive, send: Send) -> None:
        messages: list[Message] = []

        async def noted(message: Message) -> None:
            messages.append(message)
            await send(message)

        coming = None
        if key not in self._coming:
            coming = self._coming[key] = asyncio.get_running_loop().create_future()
        try:
            await self._app(scope, receive, noted)
            self._keep(key, scope, messages)
        finally:
            if coming is not None:
                del self._coming[key]
                coming.set_result(None)

    def _keep(self, key: Key, scope: Scope, messages: list[Message]) -> None:
        until: float | None = scope.get("state", {}).get("kept_until")
        if until is None or len(messages) != 2 or messages[0]["status"] >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return
        start, body = messages
        now = time.monotonic()
        until = min(until, now + self._max_seconds)
        size = len(body.get("body", b"")) + len(key[1]) + _OVERHEAD_BYTES
        if until <= now or size > self._max_bytes * _SHARE:
            return
        self._drop(key)
        self._answers[key] = _Answer(until, start, body, scope.get("route"), size)
        self._bytes += size
        # The first came in first, so it is the first that ends.
        while self._bytes > self._max_bytes or next(iter(self._answers.values())).until <= now:
            self._drop(next(iter(self._answers)))

    def _drop(self, key: Key) -> None:
        dropped = self._answers.pop(key, None)
        if dropped is not None:
            self._bytes -= dropped.size


def _key(scope: Scope) -> Key:
    depends = [part for pair in scope["headers"] if pair[0] in _HEADERS for part in pair]
    # A digest, so that no token stays in memory.
    digest = hashlib.blake2b(b"\n".join(depends), digest_size=16).digest() if depends else b""
    return scope["method"], scope["raw_path"], scope["query_string"], digest
