"""Files sent to large file storage, kept aside until a commit gives them a path."""

import asyncio
import hashlib
import os
import re
import secrets
import shutil
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from hub.errors import bad_request
from hub.files import CHUNK_BYTES

_OID = re.compile(r"[0-9a-f]{64}")
_KEEP_SECONDS = 86_400


@dataclass(frozen=True)
class Ticket:
    """The right to send one file, whose sha256 is `oid`, of `size` bytes."""

    repo: str
    oid: str
    size: int
    issued: float


class Uploads:
    """Uploaded files by repository and sha256. What no commit asked for within a day is removed."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._tickets: dict[str, Ticket] = {}

    def path(self, repo: str, oid: str) -> Path:
        """Where the file is or will be. Raises `HubError` 400 when `oid` is no sha256."""
        if not _OID.fullmatch(oid):
            raise bad_request("An oid must be a sha256 of 64 lowercase hex digits.")
        return self._directory / repo / oid

    def has(self, repo: str, oid: str, size: int) -> bool:
        try:
            return self.path(repo, oid).stat().st_size == size
        except FileNotFoundError:
            return False

    def issue(self, repo: str, oid: str, size: int) -> str:
        """Give out an unguessable key for sending one file."""
        self.path(repo, oid)
        key = secrets.token_urlsafe(32)
        self._tickets[key] = Ticket(repo, oid, size, time.time())
        return key

    def ticket(self, key: str) -> Ticket | None:
        return self._tickets.get(key)

    async def receive(self, key: str, chunks: AsyncIterator[bytes]) -> None:
        """Store what is sent under the key. Raises `HubError` 400 when it isn't the file that was announced."""
        ticket = self._tickets[key]
        target = self.path(ticket.repo, ticket.oid)
        await asyncio.to_thread(os.makedirs, target.parent, exist_ok=True)
        temporary = target.with_name(f".{secrets.token_hex(8)}")
        try:
            with temporary.open("wb") as file:
                size, oid = 0, hashlib.sha256()
                async for block in in_blocks(chunks):
                    size += len(block)
                    if size > ticket.size:
                        raise bad_request(f"More than the announced {ticket.size} bytes were sent.")
                    await asyncio.to_thread(oid.update, block)
                    await asyncio.to_thread(file.write, block)
            if size != ticket.size:
                raise bad_request(f"{size} bytes were sent, not the announced {ticket.size}.")
            if oid.hexdigest() != ticket.oid:
                raise bad_request("What was sent has another sha256 than announced.")
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)
        self._tickets.pop(key, None)

    def forget(self, repo: str) -> None:
        shutil.rmtree(self._directory / repo, ignore_errors=True)

    def sweep(self) -> None:
        """Remove what has waited for a commit for more than a day."""
        oldest = time.time() - _KEEP_SECONDS
        for key, ticket in list(self._tickets.items()):
            if ticket.issued < oldest:
                self._tickets.pop(key, None)
        for path in self._directory.glob("*/*/*"):
            try:
                if path.stat().st_mtime < oldest:
                    path.unlink()
            except FileNotFoundError:
                continue


async def in_blocks(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The same bytes in bigger pieces, which cost fewer writes."""
    block = bytearray()
    async for chunk in chunks:
        block += chunk
        if len(block) >= CHUNK_BYTES:
            yield bytes(block)
            block.clear()
    if block:
        yield bytes(block)
