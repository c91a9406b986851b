"""The auth check: whether this caller may read this dataset.

A JWT of the Hub's says so by itself; else the Hub is asked. Equal checks in flight are one, and what came of it holds
for some seconds; that it couldn't be known is never remembered. Nothing here keeps a token or logs one.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace

from api.credentials import Credentials
from api.errors import ApiError
from api.hub_check import ALLOWED, NOT_AUTHENTICATED, UNKNOWN, HubCheck, Verdict
from api.jwts import InvalidTokenError, Jwts, KeysUnavailableError
from api.settings import ApiSettings

_MAX_REMEMBERED = 10_000


class AuthCheck:
    """Checks callers; one for the process."""

    def __init__(self, settings: ApiSettings, asked: Callable[[str], object]) -> None:
        """`asked` is told of each answer of the Hub: its status, or `none`."""
        self._hub = HubCheck(settings, asked)
        self._jwts = Jwts.of(settings)
        self._memory_seconds = settings.auth_memory_seconds
        self._remembered: OrderedDict[bytes, tuple[float, Verdict]] = OrderedDict()
        self._asking: dict[bytes, asyncio.Task[tuple[float, Verdict]]] = {}

    async def close(self) -> None:
        await self._hub.close()
        if self._jwts is not None:
            await self._jwts.close()

    async def require(self, dataset: str, generation: int | None, credentials: Credentials) -> float:
        """Returns if the caller may read the dataset; what the Hub said of another generation of it doesn't count.

        It returns until when this holds, in seconds of the monotonic clock.

        Raises:
            ApiError: it may not, the dataset has another name, or the Hub could not be asked.
        """
        until, verdict = await self._verdict(dataset, generation, credentials)
        if verdict.code is not None:
            raise ApiError(verdict.code, verdict.message, retry_after=verdict.retry_after)
        return until

    async def _verdict(self, dataset: str, generation: int | None, credentials: Credentials) -> tuple[float, Verdict]:
        key = credentials.digest(dataset, generation)
        until, verdict = self._remembered.get(key, (0.0, UNKNOWN))
        if time.monotonic() < until:
            return until, verdict
        task = self._asking.get(key)
        if task is None:
            task = self._asking[key] = asyncio.create_task(self._ask_and_remember(key, dataset, credentials))
        # One caller that goes away must not take the answer from the others.
        return await asyncio.shield(task)

    async def _ask_and_remember(self, key: bytes, dataset: str, credentials: Credentials) -> tuple[float, Verdict]:
        asked = time.monotonic()
        try:
            verdict = await self._decide(dataset, credentials)
        finally:
            del self._asking[key]
        memory = min(self._memory_seconds, verdict.max_seconds)
        if memory > 0:
            self._remembered[key] = (asked + memory, verdict)
            self._remembered.move_to_end(key)
            if len(self._remembered) > _MAX_REMEMBERED:
                self._remembered.popitem(last=False)
        return asked + memory, verdict

    async def _decide(self, dataset: str, credentials: Credentials) -> Verdict:
        token = credentials.jwt
        if self._jwts is None or token is None:
            return await self._hub.ask(dataset, credentials)
        try:
            grant = await self._jwts.grant(token)
        except InvalidTokenError as error:
            return replace(NOT_AUTHENTICATED, message=f"The JWT of this request is not valid: {error}. Get a new one.")
        except KeysUnavailableError:
            return UNKNOWN
        # It speaks of its own dataset only.
        if grant is None or grant.dataset != dataset:
            return await self._hub.ask(dataset, credentials.without_jwt())
        return replace(ALLOWED, max_seconds=grant.until - time.time())
