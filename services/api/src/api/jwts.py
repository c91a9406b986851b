"""JWTs by which the Hub lets somebody read one dataset, for a time, without being asked.

Source: RFC 7519, and RFC 8037 for EdDSA; keys as a JWKS (RFC 7517) or as PEM. The claims are the Hub's: `sub` is
`datasets/<name>`, `permissions` says what for.
"""

import asyncio
import time
from dataclasses import dataclass
from typing import Any, Self

import httpx2
import jwt
import structlog

from api.public_keys import PublicKey, load_keys
from api.settings import ApiSettings

_ALGORITHM = "EdDSA"
_READING = ("repo.content.read", "repo.content.write", "repo.read", "repo.write")
_MAX_LENGTH = 8_192
# How old the published keys may get; and how soon they are looked for again when a token fits none.
_KEYS_SECONDS = 300.0
_KEYS_AGAIN_SECONDS = 5.0

# Later than any process lives; what is said may be too large a number to reckon with.
_FAR = 2**53

logger = structlog.get_logger()


class InvalidTokenError(Exception):
    """The token is none, is not signed by a known key, or is out of date; the message says which."""


class KeysUnavailableError(Exception):
    """The published keys can't be had, and no other fits."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What a token says: `until` is in seconds since 1970."""

    dataset: str
    until: float


class Jwts:
    """Checks tokens against `keys` and those published at `url`."""

    def __init__(self, keys: list[PublicKey], url: str | None, timeout_seconds: float) -> None:
        self._given = keys
        self._url = url
        self._timeout_seconds = timeout_seconds
        self._published: list[Any] = []
        self._published_at = self._not_before = float("-inf")
        self._available = url is None
        self._lock = asyncio.Lock()
        self._looking: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._looking.set_result(None)
        self._client = httpx2.AsyncClient(timeout=timeout_seconds)

    @classmethod
    def of(cls, settings: ApiSettings) -> Self | None:
        """With the keys of the settings; None where there are none, and no token is looked at."""
        pem, url = settings.hf_jwt_additional_public_keys, settings.hf_jwt_public_key_url
        keys = load_keys(pem) if pem else []
        return cls(keys, url, settings.hf_auth_timeout_seconds) if keys or url else None

    async def close(self) -> None:
        self._looking.cancel()
        await self._client.aclose()

    async def grant(self, token: str) -> Grant | None:
        """What a token allows to read; None if it allows no reading.

        Raises:
            InvalidTokenError: don't trust it.
            KeysUnavailableError: whether to trust it can't be known.
        """
        if len(token) > _MAX_LENGTH:
            raise InvalidTokenError("it is too long")
        claims = self._claims(token)
        if claims is None:
            # It may be signed with a key that is newer than those that are known.
            await self._look_for_keys()
            claims = self._claims(token)
        elif time.monotonic() - self._published_at > _KEYS_SECONDS and self._looking.done():
            # For the next ones: keys may also be withdrawn.
            self._looking = asyncio.ensure_future(self._look_for_keys())
        if claims is None:
            if not self._available:
                raise KeysUnavailableError
            raise InvalidTokenError("it is not signed with a key that is known here")
        return _grant(claims)

    def _claims(self, token: str) -> dict[str, Any] | None:
        """The claims, if a known key signed them."""
        for key in (*self._given, *self._published):
            try:
                claims: dict[str, Any] = jwt.decode(
                    token, key, algorithms=[_ALGORITHM], options={"require": ["exp", "sub"], "verify_aud": False}
                )
            except jwt.InvalidSignatureError:
                continue
            except jwt.ExpiredSignatureError:
                raise InvalidTokenError("it has expired") from None
            except (jwt.PyJWTError, ValueError, TypeError, OverflowError):
                raise InvalidTokenError("it is malformed") from None
            return claims
        return None

    async def _look_for_keys(self) -> None:
        """Gets the published keys, but not again and again."""
        if self._url is None:
            return
        async with self._lock:
            now = time.monotonic()
            if now < self._not_before:
                return
            self._not_before = now + _KEYS_AGAIN_SECONDS
            try:
                async with asyncio.timeout(self._timeout_seconds):
                    response = (await self._client.get(self._url)).raise_for_status()
                keys = jwt.PyJWKSet.from_dict(response.json()).keys
            except (TimeoutError, httpx2.HTTPError, jwt.PyJWTError, ValueError, AttributeError) as error:
                logger.warning("no keys for JWTs", action="jwt_keys_failed", exception=type(error).__name__)
                self._available = False
                return
            self._published = [key for key in keys if key.algorithm_name == _ALGORITHM]
            self._published_at = now
            self._available = True


def _grant(claims: dict[str, Any]) -> Grant | None:
    permissions = claims.get("permissions")
    if not isinstance(permissions, dict) or not any(permissions.get(name) is True for name in _READING):
        return None
    kind, _, dataset = claims["sub"].removeprefix("/").partition("/")
    return Grant(dataset, min(int(claims["exp"]), _FAR)) if kind == "datasets" else None
