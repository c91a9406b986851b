"""The body of a commit: lines of JSON, one for the header and one for each operation."""

import asyncio
import base64
import binascii
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hub.call import text_field
from hub.commits import Delete, Operation, Write, WriteLfs
from hub.errors import HubError, bad_request
from hub.names import is_legal_path

_MAX_LINE_BYTES = 64_000_000


@dataclass
class CommitBody:
    """What is to be done, and to which revision (None: to whichever is there)."""

    parent: str | None = None
    operations: list[Operation] = field(default_factory=list)


async def read_commit(chunks: AsyncIterator[bytes], staging: Path) -> CommitBody:
    """Read a commit as it arrives; the content of files goes to the folder `staging` at once.

    Raises `HubError` 400 for a line that isn't what it should be, 413 for one that is over 64 MB.
    """
    body: CommitBody | None = None
    async for line in _lines(chunks):
        key, value = await asyncio.to_thread(_parse, line)
        if body is None:
            if key != "header":
                raise bad_request("The first line of a commit must be its header.")
            text_field(value, "summary")
            parent = value.get("parentCommit")
            body = CommitBody(text_field(value, "parentCommit") if parent is not None else None)
        else:
            name = str(len(body.operations))
            body.operations.append(await asyncio.to_thread(_operation, key, value, staging, name))
    if body is None:
        raise bad_request("A commit must begin with its header.")
    return body


async def _lines(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    line = bytearray()
    async for chunk in chunks:
        first, *rest = chunk.split(b"\n")
        line += first
        for following in rest:
            if line.strip():
                yield bytes(line)
            line = bytearray(following)
        if len(line) > _MAX_LINE_BYTES:
            raise HubError(413, "A line of the commit is too long: send big files through large file storage.")
    if line.strip():
        yield bytes(line)


def _parse(line: bytes) -> tuple[str, dict[str, Any]]:
    try:
        content = json.loads(line)
    except (ValueError, RecursionError):
        raise bad_request("Each line of a commit must be JSON.") from None
    if not isinstance(content, dict) or not isinstance(content.get("value"), dict):
        raise bad_request('Each line of a commit must be an object with "key" and "value".')
    return text_field(content, "key"), content["value"]


def _operation(key: str, value: dict[str, Any], staging: Path, name: str) -> Operation:
    path = text_field(value, "path")
    if key in {"deletedFile", "deletedFolder"}:
        path = path.rstrip("/")
    if not is_legal_path(path):
        raise bad_request("A path must stay inside the repository and have no empty, '.' or '..' segments.")
    match key:
        case "file":
            if value.get("encoding") != "base64":
                raise bad_request(f'The "encoding" of {path} must be base64.')
            try:
                content = base64.b64decode(text_field(value, "content"), validate=True)
            except (binascii.Error, ValueError):
                raise bad_request(f'The "content" of {path} is not base64.') from None
            (staging / name).write_bytes(content)
            return Write(path, name)
        case "lfsFile":
            if value.get("algo") != "sha256":
                raise bad_request(f'The "algo" of {path} must be sha256.')
            return WriteLfs(path, text_field(value, "oid"))
        case "deletedFile" | "deletedFolder":
            return Delete(path, is_folder=key == "deletedFolder")
        case _:
            raise bad_request(f"This small Hub does not know the operation {key!r}.")
