"""What a caller sends to prove who it is."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Self

from starlette.requests import Request


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a caller sent to prove who it is, as it was sent."""

    authorization: bytes | None = field(repr=False)
    cookie: bytes | None = field(repr=False)
    api_key: bytes | None = field(repr=False)

    @classmethod
    def of(cls, request: Request) -> Self:
        sent = request.headers.raw
        cookies = [value for name, value in sent if name == b"cookie"]
        return cls(_first(sent, b"authorization"), b"; ".join(cookies) if cookies else None, _first(sent, b"x-api-key"))

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        """The request headers that carry those that are the Hub's."""
        headers = [(b"Authorization", self.authorization), (b"Cookie", self.cookie)]
        return [(name, value) for name, value in headers if value is not None]

    @property
    def jwt(self) -> str | None:
        """The JWT among them."""
        if self.api_key is not None:
            return self.api_key.decode("latin-1").removeprefix("jwt:")
        scheme, _, token = (self.authorization or b"").decode("latin-1").partition(" jwt:")
        return token if scheme.lower() == "bearer" and token else None

    def without_jwt(self) -> "Credentials":
        """The others."""
        is_jwt = self.api_key is None and self.jwt is not None
        return Credentials(None if is_jwt else self.authorization, self.cookie, None)

    def digest(self, *about: object) -> bytes:
        """Equal for equal credentials about the same only, and of no use to whoever reads it."""
        parts = (about, self.authorization, self.cookie, self.api_key)
        return hashlib.sha256(repr(parts).encode()).digest()


def _first(sent: Iterable[tuple[bytes, bytes]], wanted: bytes) -> bytes | None:
    return next((value for name, value in sent if name == wanted), None)
