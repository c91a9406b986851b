"""Trouble on purpose: answers that come late, refuse, fail or are cut off, for tests of what asks the Hub."""

import asyncio
import logging
import math
import random
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal, NamedTuple

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hub.errors import HubError

logger = logging.getLogger("hub.faults")

# ASGI has no message for it: the server puts a function under this key of a request's state.
CLOSE_CONNECTION = "close_connection"

_SERVER_ERRORS = (500, 502, 503, 504)
_LIMITS = {
    "latency_ms": 600_000,
    "jitter_ms": 600_000,
    "too_many": 1,
    "retry_after": 3600,
    "server_error": 1,
    "cut": 1,
    "seed": 2**32 - 1,
}
_WHOLE = frozenset({"retry_after", "seed"})


class FaultsError(ValueError):
    """The faults can't be had; the message says what was expected."""


@dataclass(frozen=True)
class Faults:
    """What is to go wrong. `too_many`, `server_error` and `cut` are shares of the requests, of which each meets at most
    one. Raises `FaultsError` for values that make no sense.
    """

    latency_ms: float = 0
    jitter_ms: float = 0
    too_many: float = 0
    retry_after: int = 1
    server_error: float = 0
    cut: float = 0
    seed: int = 0

    def __post_init__(self) -> None:
        for name, limit in _LIMITS.items():
            value = getattr(self, name)
            kinds, expected = (int, "whole number") if name in _WHOLE else ((int, float), "number")
            if not isinstance(value, kinds) or isinstance(value, bool) or not 0 <= value <= limit:
                raise FaultsError(f"{name} must be a {expected} from 0 to {limit}")
        if math.fsum((self.too_many, self.server_error, self.cut)) > 1:
            raise FaultsError("too_many, server_error and cut must add up to at most 1")

    def __str__(self) -> str:
        """What `parse` reads: whatever isn't at its default."""
        found = {field.name: getattr(self, field.name) for field in fields(self)}
        return ",".join(f"{name}={value}" for name, value in found.items() if value != getattr(Faults, name))

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> "Faults":
        """The faults with `values`, and the default for what isn't among them. Raises `FaultsError`."""
        for name in values:
            if name not in _LIMITS:
                raise FaultsError(f"there is no fault {name[:50]!r}; known are {', '.join(_LIMITS)}")
        return cls(**values)

    @classmethod
    def parse(cls, text: str) -> "Faults":
        """Read `latency_ms=100,cut=0.02`. Raises `FaultsError`."""
        values = {}
        for part in filter(None, map(str.strip, text.split(","))):
            name, equals, value = part.partition("=")
            if not equals:
                raise FaultsError("each fault must be name=number, with commas between them")
            values[name.strip()] = _number(value)
        return cls.of(values)


def _number(text: str) -> float | None:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return None


class Fate(NamedTuple):
    """What one request meets: a delay, then perhaps trouble. `variant`, from 0 to 1, chooses among kinds of that."""

    seconds: float
    trouble: Literal["too_many", "server_error", "cut"] | None
    variant: float


class FaultInjector:
    """Decides the fate of each request, and counts in `injected` what it did since the start."""

    def __init__(self, faults: Faults) -> None:
        self.faults = Faults()
        self.injected = {"latency": 0, "too_many": 0, "server_error": 0, "cut": 0}
        self.set(faults)

    def set(self, faults: Faults) -> None:
        """Inject `faults` from now on. Chance begins anew with their seed; the counts go on."""
        if faults != self.faults:
            logger.info("faults are now: %s", str(faults) or "none")
        self.faults = faults
        self._random = random.Random(faults.seed)

    def next_fate(self) -> Fate:
        # Always three draws: the n-th request after a seed meets the same chance whatever else is set.
        delay, share, variant = (self._random.random() for _ in range(3))
        faults = self.faults
        seconds = (faults.latency_ms + delay * faults.jitter_ms) / 1000
        if (share := share - faults.too_many) < 0:
            return Fate(seconds, "too_many", variant)
        if (share := share - faults.server_error) < 0:
            return Fate(seconds, "server_error", variant)
        return Fate(seconds, "cut" if share < faults.cut else None, variant)

    def around(self, app: ASGIApp) -> ASGIApp:
        """`app`, with faults in its way. A request that is refused, or fails, never reaches it."""

        async def faulty(scope: Scope, receive: Receive, send: Send) -> None:
            fate = self.next_fate()
            if fate.seconds:
                self.injected["latency"] += 1
                await asyncio.sleep(fate.seconds)
            match fate.trouble:
                case None:
                    await app(scope, receive, send)
                case "too_many":
                    self.injected["too_many"] += 1
                    headers = {"Retry-After": str(self.faults.retry_after)}
                    await HubError(429, "An injected fault.", headers=headers).response()(scope, receive, send)
                case "server_error":
                    self.injected["server_error"] += 1
                    status = _SERVER_ERRORS[int(fate.variant * len(_SERVER_ERRORS))]
                    await HubError(status, "An injected fault.").response()(scope, receive, send)
                case "cut" if fate.variant < 0.5:
                    await self._cut(scope, receive)
                case "cut":
                    await app(scope, receive, self._cutting(scope, receive, send))

        return faulty

    def _cutting(self, scope: Scope, receive: Receive, send: Send) -> Send:
        """`send`, until the middle of what comes first of the body. Without a body there is no answer at all."""
        start: Message | None = None

        async def send_half(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start":
                start = message
            elif start is not None:
                body = bytes(message.get("body", b""))
                if body and scope["method"] != "HEAD":
                    await send(start)
                    await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
                start = None
                await self._cut(scope, receive)

        return send_half

    async def _cut(self, scope: Scope, receive: Receive) -> None:
        self.injected["cut"] += 1
        scope["state"][CLOSE_CONNECTION]()
        # Until the server has noticed, it would answer 500 for an application that ends without an answer.
        while (await receive())["type"] != "http.disconnect":
            pass
