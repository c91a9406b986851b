"""The body of an answer, in the codings that clients accept."""

import gzip
from collections.abc import Callable
from dataclasses import dataclass

from backports import zstd
from libcache.reading import StoredAnswer
from libcommon.digests import digest_of
from starlette.concurrency import run_in_threadpool

from api.negotiation import content_coding

# What is smaller doesn't get smaller by much; what is compressed on the way out is so quickly.
_WORTH_COMPRESSING_BYTES = 1_000
_LEVEL = 1
# Work on more than this takes longer than the way to a thread and back.
_AT_ONCE_BYTES = 10_000


@dataclass(frozen=True, slots=True)
class Content:
    """A body of text. `make` makes it, out of one of `source_bytes` bytes; `gzipped` is the body as it is stored.

    `digest` tells it from all other bodies at the same address.
    """

    digest: str
    make: Callable[[], bytes]
    source_bytes: int
    gzipped: bytes | None = None

    @classmethod
    def stored(cls, answer: StoredAnswer) -> "Content":
        """The body of an answer as it is."""
        return cls(answer.digest, answer.body, answer.size, answer.compressed)

    @classmethod
    def of(cls, body: bytes) -> "Content":
        """A body that is there."""
        return cls(digest_of(body), lambda: body, len(body))

    async def encoded(self, accept_encoding: str) -> tuple[str, bytes]:
        """The coding to send to who accepts these, and the bytes. What is compressed already is sent as it is."""
        if self.gzipped is not None and content_coding(accept_encoding, ("gzip", "zstd")) == "gzip":
            return "gzip", self.gzipped
        if self.source_bytes <= _AT_ONCE_BYTES:
            return self._encoded(accept_encoding)
        return await run_in_threadpool(self._encoded, accept_encoding)

    def _encoded(self, accept_encoding: str) -> tuple[str, bytes]:
        body = self.make()
        coding = content_coding(accept_encoding, ("zstd", "gzip") if len(body) >= _WORTH_COMPRESSING_BYTES else ())
        match coding:
            case "zstd":
                body = zstd.compress(body, level=_LEVEL)
            case "gzip":
                body = gzip.compress(body, _LEVEL, mtime=0)
        return coding, body
