"""The auth check: whether the Hub lets this caller read this dataset.

The Hub is asked with the caller's own credentials. Equal checks in flight are one request, and what it said holds
for some seconds; that it couldn't be asked is never remembered. Nothing here keeps a token or logs one.
"""

import asyncio
import hashlib
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Self
from urllib.parse import unquote, urlsplit

import httpx2
import structlog
from libcommon.names import is_dataset_name
from starlette.requests import Request

from api.errors import ApiError
from api.settings import ApiSettings

_MAX_REMEMBERED = 10_000
_MAX_BODY_BYTES = 65_536
_RETRY_AFTER_SECONDS = 5
# A dataset asked for just before it was pushed must not stay unseen for long.
_REFUSAL_SECONDS = 0.5

logger = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a caller sent to prove who it is, as it was sent."""

    authorization: bytes | None = field(repr=False)
    cookie: bytes | None = field(repr=False)

    @classmethod
    def of(cls, request: Request) -> Self:
        sent = request.headers.raw
        authorization = next((value for name, value in sent if name == b"authorization"), None)
        cookies = [value for name, value in sent if name == b"cookie"]
        return cls(authorization, b"; ".join(cookies) if cookies else None)

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        """The request headers that carry them."""
        headers = [(b"Authorization", self.authorization), (b"Cookie", self.cookie)]
        return [(name, value) for name, value in headers if value is not None]

    def digest(self, *about: object) -> bytes:
        """Equal for equal credentials about the same only, and of no use to whoever reads it."""
        return hashlib.sha256(repr((about, self.authorization, self.cookie)).encode()).digest()


@dataclass(frozen=True, slots=True)
class _Verdict:
    """What the Hub said; `code` is None where the caller may read."""

    code: str | None = None
    message: str = ""
    retry_after: float | None = None


_ALLOWED = _Verdict()
_NOT_AUTHENTICATED = _Verdict(
    "ExternalUnauthenticatedError",
    "The dataset does not exist, or it is not public and the Hub did not accept the credentials of this request: "
    "check the name, or send a valid token of a user who may read it.",
)
_NOT_ALLOWED = _Verdict(
    "ExternalAuthenticatedError",
    "The dataset does not exist, or these credentials do not give access to it: check the name, or ask its owner "
    "for access.",
)
_UNKNOWN = _Verdict(
    "AuthCheckHubRequestError",
    "The Hub could not be asked who may read the dataset: try again.",
    _RETRY_AFTER_SECONDS,
)


class AuthCheck:
    """Asks the Hub; one for the process."""

    def __init__(self, settings: ApiSettings) -> None:
        self._endpoint = settings.hf_endpoint
        self._path = settings.hf_auth_path
        self._timeout_seconds = settings.hf_auth_timeout_seconds
        self._memory_seconds = settings.auth_memory_seconds
        self._client = httpx2.AsyncClient(
            timeout=settings.hf_auth_timeout_seconds,
            follow_redirects=False,
            # A cookie that the Hub sets for one caller must not go out with the next one's check.
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        )
        self._remembered: OrderedDict[bytes, tuple[float, _Verdict]] = OrderedDict()
        self._asking: dict[bytes, asyncio.Task[_Verdict]] = {}

    async def close(self) -> None:
        await self._client.aclose()

    async def require(self, dataset: str, generation: int | None, credentials: Credentials) -> None:
        """Returns if the caller may read the dataset; what the Hub said of another generation of it doesn't count.

        Raises:
            ApiError: it may not, the dataset has another name, or the Hub could not be asked.
        """
        verdict = await self._verdict(dataset, generation, credentials)
        if verdict.code is not None:
            raise ApiError(verdict.code, verdict.message, retry_after=verdict.retry_after)

    async def _verdict(self, dataset: str, generation: int | None, credentials: Credentials) -> _Verdict:
        key = credentials.digest(dataset, generation)
        until, verdict = self._remembered.get(key, (0.0, _UNKNOWN))
        if time.monotonic() < until:
            return verdict
        task = self._asking.get(key)
        if task is None:
            task = self._asking[key] = asyncio.create_task(self._ask_and_remember(key, dataset, credentials))
        # One caller that goes away must not take the answer from the others.
        return await asyncio.shield(task)

    async def _ask_and_remember(self, key: bytes, dataset: str, credentials: Credentials) -> _Verdict:
        asked = time.monotonic()
        try:
            verdict = await self._ask(dataset, credentials)
        finally:
            del self._asking[key]
        if verdict.code != _UNKNOWN.code:
            memory = self._memory_seconds if verdict is _ALLOWED else min(self._memory_seconds, _REFUSAL_SECONDS)
            self._remembered[key] = (asked + memory, verdict)
            self._remembered.move_to_end(key)
            if len(self._remembered) > _MAX_REMEMBERED:
                self._remembered.popitem(last=False)
        return verdict

    async def _ask(self, dataset: str, credentials: Credentials) -> _Verdict:
        url = self._endpoint + self._path % dataset
        try:
            async with (
                asyncio.timeout(self._timeout_seconds),
                self._client.stream("GET", url, headers=credentials.headers) as response,
            ):
                # Only a connection whose answer was read to its end can be used again.
                read = 0
                async for chunk in response.aiter_raw():
                    read += len(chunk)
                    if read > _MAX_BODY_BYTES:
                        break
        except (TimeoutError, httpx2.HTTPError, httpx2.InvalidURL) as error:
            logger.warning("auth check failed", action="auth_check_failed", exception=type(error).__name__)
            return _UNKNOWN
        match response.status_code:
            case 200:
                return _ALLOWED
            case 401:
                return _NOT_AUTHENTICATED
            case 403 | 404:
                return _NOT_ALLOWED
            case 301 | 307 | 308:
                return self._moved(dataset, response.headers.get("location", ""))
        logger.warning("auth check failed", action="auth_check_failed", status=response.status_code)
        return _UNKNOWN

    def _moved(self, dataset: str, location: str) -> _Verdict:
        name = self._name_in(location)
        if name == dataset:
            logger.warning("the Hub redirects the auth check to another address", action="auth_check_failed")
            return _UNKNOWN
        now = f"is called {name} now" if name else "has another name now"
        return _Verdict("RenamedDatasetError", f"The dataset {now}: ask for it by that name.")

    def _name_in(self, location: str) -> str | None:
        """The dataset that an address of the auth check is about; None where it is no such address."""
        before, _, after = self._path.partition("%s")
        try:
            path = unquote(urlsplit(location).path, errors="strict")
        except ValueError:
            return None
        # The Hub may be served under a path of its own: `HF_ENDPOINT` has it in front.
        path = path.removeprefix(urlsplit(self._endpoint).path)
        name = path.removeprefix(before).removesuffix(after)
        return name if path == before + name + after and is_dataset_name(name) else None
