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

Key = tuple[str, bytes, bytes]


@dataclass(frozen=True, slots=True)
class _Answer:
    """The messages of a response, and what is to be said of it in logs and metrics; `until` when it may be kept."""

    until: float
    messages: list[Message]
    route: object
    size: int


def may_be_kept(request: Request, until: float) -> None:
    """Notes that the answer to this request holds for all that are equal to it, but not after `until` (monotonic)."""
    request.state.kept_until = until


class Kept:
    """ASGI middleware: answers `paths` from memory, and equal requests that come meanwhile together.

    `max_seconds` and `max_bytes` are how long an answer is kept, and how much memory all may take. Answers are whole
    before the first byte of them is sent, so that who waits for one doesn't wait for another client to read it.
    """

    def __init__(self, app: ASGIApp, *, paths: Collection[str], max_seconds: float, max_bytes: int) -> None:
        self._app = app
        self._paths = frozenset(paths) if max_seconds and max_bytes else frozenset()
        self._max_seconds = max_seconds
        self._max_bytes = max_bytes
        self._bytes = 0
        self._answers: OrderedDict[Key, _Answer] = OrderedDict()
        self._coming: dict[Key, asyncio.Future[_Answer | None]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] not in self._paths or scope["method"] not in ("GET", "HEAD"):
            await self._app(scope, receive, send)
            return
        key = _key(scope)
        answer = self._answers.get(key)
        if answer is None or time.monotonic() >= answer.until:
            coming = self._coming.get(key)
            answer = await asyncio.shield(coming) if coming is not None else None
        if answer is None:
            messages = await self._answer(key, scope, receive)
        else:
            scope["route"] = answer.route
            messages = answer.messages
        for message in messages:
            await send(message)

    async def _answer(self, key: Key, scope: Scope, receive: Receive) -> list[Message]:
        messages: list[Message] = []

        async def collect(message: Message) -> None:
            messages.append(message)

        coming: asyncio.Future[_Answer | None] | None = None
        if key not in self._coming:
            coming = self._coming[key] = asyncio.get_running_loop().create_future()
        began = time.monotonic()
        answer = None
        try:
            await self._app(scope, receive, collect)
            answer = self._shared(scope, messages, began)
        finally:
            if coming is not None:
                del self._coming[key]
                coming.set_result(answer)
        if answer is not None and answer.messages[0]["status"] < HTTPStatus.INTERNAL_SERVER_ERROR:
            self._keep(key, answer)
        return messages

    def _shared(self, scope: Scope, messages: list[Message], began: float) -> _Answer | None:
        """The answer for all that asked the same meanwhile; None if it is for this caller, or this request, only."""
        until: float | None = scope["state"].get("kept_until")
        if until is None or messages[0]["status"] == HTTPStatus.INTERNAL_SERVER_ERROR:
            return None
        size = sum(len(message.get("body", b"")) for message in messages) + _OVERHEAD_BYTES
        return _Answer(min(until, began + self._max_seconds), messages, scope.get("route"), size)

    def _keep(self, key: Key, answer: _Answer) -> None:
        now = time.monotonic()
        if answer.until <= now or answer.size > self._max_bytes * _SHARE:
            return
        self._drop(key)
        self._answers[key] = answer
        self._bytes += answer.size
        # The first came in first, so it is the first that ends.
        while self._bytes > self._max_bytes or next(iter(self._answers.values())).until <= now:
            self._drop(next(iter(self._answers)))

    def _drop(self, key: Key) -> None:
        dropped = self._answers.pop(key, None)
        if dropped is not None:
            self._bytes -= dropped.size


def _key(scope: Scope) -> Key:
    depends = [part for pair in scope["headers"] if pair[0] in _HEADERS for part in pair]
    # A digest: no token stays in memory, and what a client may make long has no length here.
    digest = hashlib.blake2b(b"\n".join([scope["query_string"], *depends]), digest_size=16).digest()
    return scope["method"], scope["raw_path"], digest
