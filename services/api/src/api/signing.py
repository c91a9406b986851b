"""Signed URLs of assets: who has one may see the file for a while, whoever they are.

A URL is signed when it is sent, in an answer that only some may read. Its query then has `expires`, in seconds since
1970, and `signature`, HMAC-SHA-256 over path and expiry in URL-safe base64.
"""

import hmac
import secrets
import time
from base64 import urlsafe_b64encode
from collections.abc import Sequence

from starlette.requests import Request

_MAX_DIGITS = 12


class Signer:
    """Signs with the first of the keys, and takes the signatures of all: so that they can be changed while in use.

    Without any it makes one, which no other process knows.
    """

    def __init__(self, keys: Sequence[bytes], seconds: int) -> None:
        self._keys = keys or [secrets.token_bytes(32)]
        self._seconds = seconds

    def signed(self, body: bytes, ends: Sequence[int]) -> bytes:
        """An answer with its assets' URLs signed; just before each of the places `ends` of its JSON one ends."""
        expires = b"%d" % (time.time() + self._seconds)
        pieces = []
        begin = 0
        for end in ends:
            url = body[body.rfind(b'"', 0, end) + 1 : end]
            signature = _signature(self._keys[0], _path(url), expires)
            pieces += [body[begin:end], b"?expires=", expires, b"&signature=", signature]
            begin = end
        return b"".join([*pieces, body[begin:]])

    def is_signed(self, request: Request) -> bool:
        """Whether the URL of a request has a signature that holds now."""
        query = request.query_params
        expires, signature = query.get("expires", ""), query.get("signature", "").encode()
        # A time in other digits or with signs and spaces is another text than the one that was signed.
        if not (expires.isascii() and expires.isdecimal() and len(expires) <= _MAX_DIGITS):
            return False
        if not time.time() < int(expires) <= time.time() + self._seconds:
            return False
        path = b"/assets/" + request.path_params["path"].encode()
        given = [hmac.compare_digest(signature, _signature(key, path, expires.encode())) for key in self._keys]
        return any(given)


def _path(url: bytes) -> bytes:
    """The path below this service: a public URL may have one of its own in front."""
    before, mark, after = url.partition(b"/--/")
    return before[before.rfind(b"/assets/") :] + mark + after


def _signature(key: bytes, path: bytes, expires: bytes) -> bytes:
    digest = hmac.digest(key, path + b"\n" + expires, "sha256")
    return urlsafe_b64encode(digest).rstrip(b"=")
