"""The bytes of a file at a revision."""

import asyncio
from collections.abc import AsyncIterator
from typing import BinaryIO

from starlette.responses import Response, StreamingResponse

from hub.byte_range import UnsatisfiableRangeError, parse_range
from hub.call import Call
from hub.errors import HubError, entry_not_found
from hub.files import CHUNK_BYTES, File, open_descriptor, signature_of
from hub.snapshot import Snapshot

_ATTEMPTS = 3


class FileChangedError(Exception):
    """The file on disk isn't the one of the revision any more."""


async def resolve(call: Call) -> Response:
    """GET and HEAD /datasets/{r}/resolve/{rev}/{path}

    A file that changed on disk since the snapshot was taken is never served as what it was: the snapshot is taken
    again, and the revision looked up in the new one.
    """
    for _ in range(_ATTEMPTS):
        snapshot = call.at_revision(call.readable())
        file = snapshot.files.get(call.path)
        if file is None:
            raise entry_not_found(call.path, snapshot.sha)
        try:
            return await _answer(call, snapshot, file)
        except FileChangedError:
            await call.hub.store.refresh(call.repo)
    raise HubError(503, f"{call.path} is being changed. Try again.", headers={"Retry-After": "1"})


async def _answer(call: Call, snapshot: Snapshot, file: File) -> Response:
    headers = {
        "X-Repo-Commit": snapshot.sha,
        "ETag": f'"{file.etag}"',
        "Accept-Ranges": "bytes",
        "Content-Type": "application/octet-stream",
        "X-Content-Type-Options": "nosniff",
    }
    start, stop, status = 0, file.size, 200
    wanted = call.request.headers.get("range")
    if wanted and call.request.headers.get("if-range", headers["ETag"]) == headers["ETag"]:
        try:
            part = parse_range(wanted, file.size)
        except UnsatisfiableRangeError:
            raise HubError(
                416, "The range begins past the end of the file.", headers={"Content-Range": f"bytes */{file.size}"}
            ) from None
        if part is not None:
            start, stop = part
            status = 206
            headers["Content-Range"] = f"bytes {start}-{stop - 1}/{file.size}"
    headers["Content-Length"] = str(stop - start)
    if call.request.method == "HEAD":
        await asyncio.to_thread(_read_first, snapshot, call.path, file, start, 0)
        return Response(status_code=status, headers=headers)
    source, first = await asyncio.to_thread(_read_first, snapshot, call.path, file, start, stop - start)
    if source is None:
        return Response(first, status, headers)
    return StreamingResponse(_stream(source, file, first, stop - start - len(first)), status, headers)


def _read_first(snapshot: Snapshot, path: str, file: File, start: int, length: int) -> tuple[BinaryIO | None, bytes]:
    """The first chunk, and the open file when there is more. Raises `FileChangedError`."""
    try:
        source = open_descriptor(snapshot.root / path)
    except OSError:
        raise FileChangedError from None
    keep = False
    try:
        source.seek(start)
        chunk = _read(source, file, min(length, CHUNK_BYTES))
        keep = len(chunk) < length
        return (source if keep else None), chunk
    finally:
        if not keep:
            source.close()


def _read(source: BinaryIO, file: File, length: int) -> bytes:
    # The check comes after the read: bytes that were there while the signature held are the right ones.
    chunk = source.read(length)
    if signature_of(source) != file.signature:
        raise FileChangedError
    return chunk


async def _stream(source: BinaryIO, file: File, first: bytes, remaining: int) -> AsyncIterator[bytes]:
    with source:
        yield first
        while remaining:
            chunk = await asyncio.to_thread(_read, source, file, min(remaining, CHUNK_BYTES))
            if not chunk:
                raise FileChangedError
            remaining -= len(chunk)
            yield chunk
