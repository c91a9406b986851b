"""Media files in a bucket as responses: whole, or a part of one."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from email.utils import formatdate
from typing import TYPE_CHECKING

from libcache.assets import AssetPath
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from api.errors import AssetsError
from api.ranges import media_type_of, wanted_part

if TYPE_CHECKING:
    from libcache.bucket import Bucket, ObjectAbout

# How long the bucket may take for what it is asked at once.
_SECONDS = 5
# What is asked of the bucket at once, and held in memory for each client.
_CHUNK_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class FoundObject:
    """A file that was there when it was looked for."""

    bucket: "Bucket"
    path: AssetPath
    about: "ObjectAbout"

    async def response(self, request: Request, headers: dict[str, str]) -> Response:
        """The file, or the part of it that is asked for.

        Raises:
            AssetsError: the bucket doesn't answer.
            FileNotFoundError: the file is gone by now.
        """
        size = self.about.size
        part = wanted_part(request, size, headers)
        if part is not None and part.start >= size:
            return Response(None, 416, {**headers, "Content-Range": f"bytes */{size}"})
        content = range(size) if part is None else part
        headers = {
            **headers,
            "Accept-Ranges": "bytes",
            "Content-Length": str(len(content)),
            "Last-Modified": formatdate(self.about.modified, usegmt=True),
        }
        if part is not None:
            headers["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{size}"
        status, media_type = 200 if part is None else 206, media_type_of(self.path.name)
        if request.method == "HEAD" or not content:
            return Response(None, status, headers, media_type=media_type)
        # Before the headers are sent: then it can still become an error.
        try:
            first = await self._read(content[:_CHUNK_BYTES])
        except FileNotFoundError:
            raise
        except OSError as error:
            raise AssetsError from error
        return StreamingResponse(self._chunks(first, content[_CHUNK_BYTES:]), status, headers, media_type=media_type)

    async def _chunks(self, first: bytes, rest: range) -> AsyncIterator[bytes]:
        yield first
        for begin in range(0, len(rest), _CHUNK_BYTES):
            yield await self._read(rest[begin : begin + _CHUNK_BYTES])

    async def _read(self, part: range) -> bytes:
        async with asyncio.timeout(_SECONDS):
            return await self.bucket.read(self.path, part)


async def find_object(bucket: "Bucket", path: AssetPath) -> FoundObject | None:
    """The file of an asset, if there is one.

    Raises:
        AssetsError: the bucket doesn't answer.
    """
    try:
        async with asyncio.timeout(_SECONDS):
            about = await bucket.about(path)
    except OSError as error:
        raise AssetsError from error
    return None if about is None else FoundObject(bucket, path, about)
