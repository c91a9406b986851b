"""Signed URLs of assets: who has one may see the file for a while, whoever they are.

A URL is signed when it is sent, in an answer that only some may read. Its query then has `expires`, in seconds since
1970, and `signature`, HMAC-SHA-256 over its path below this service, a line end and the expiry, in URL-safe base64.
"""

import hmac
import time
from base64 import urlsafe_b64encode
from collections.abc import Sequence

from libcache.assets import AssetPath
from starlette.requests import Request

_MAX_DIGITS = 12
_CLOCKS_SECONDS = 30


class Signer:
    """Signs with the first of the keys, and takes the signatures of all: so that they can be changed while in use."""

    def __init__(self, keys: Sequence[bytes], seconds: int) -> None:
        self._keys = keys
        self._seconds = seconds

    def signed(self, body: bytes, ends: Sequence[int], dataset: str) -> bytes:
        """An answer about a dataset with the URLs of its assets signed; just before each of `ends` one ends."""
        expires = b"%d" % (time.time() + self._seconds)
        folder = b"/assets/%b/--/" % dataset.encode()
        pieces = []
        begin = 0
        for end in ends:
            path = folder + body[body.rindex(b"/--/", 0, end) + len(b"/--/") : end]
            pieces += [body[begin:end], b"?expires=", expires, b"&signature=", _signature(self._keys[0], path, expires)]
            begin = end
        return b"".join([*pieces, body[begin:]])

    def is_signed(self, request: Request, asset: AssetPath) -> bool:
        """Whether the URL of a request for an asset has a signature that holds now."""
        query = request.query_params
        expires, signature = query.get("expires", ""), query.get("signature", "").encode()
        # A time in other digits or with signs and spaces is another text than the one that was signed.
        if not (expires.isascii() and expires.isdecimal() and len(expires) <= _MAX_DIGITS):
            return False
        # Who signed it may have a clock that is a little ahead.
        if not time.time() < int(expires) <= time.time() + self._seconds + _CLOCKS_SECONDS:
            return False
        path = f"/assets/{asset.relative.as_posix()}".encode()
        given = [hmac.compare_digest(signature, _signature(key, path, expires.encode())) for key in self._keys]
        return any(given)


def _signature(key: bytes, path: bytes, expires: bytes) -> bytes:
    digest = hmac.digest(key, path + b"\n" + expires, "sha256")
    return urlsafe_b64encode(digest).rstrip(b"=")
