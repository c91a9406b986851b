"""How much the assets take, in one document: what publishing counts, without a look at where they are.

A pass over the assets measures it. From then on what is published is added, and what is removed is not taken off
until the next pass ends. So the figure is never too low by what workers did, and too high by what was removed since the
last pass began, and by what was published while that went on.
"""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from libcache.assets import Size

_NAME = "assets"


class QuotaError(OSError):
    """The assets may not take so much more."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What the last pass over the assets found, and what counts against the quota by now."""

    size: Size
    used_bytes: int
    at: datetime


class Usage:
    """The usage that one cache database knows of; `quota` is in bytes, None for none. Every method may raise
    `PyMongoError`.
    """

    def __init__(self, database: Database[dict[str, Any]], quota: int | None) -> None:
        self._usage = database["usage"]
        self.quota = quota

    @contextmanager
    def reserved(self, size: int, *, at_once: bool = True) -> Iterator[None]:
        """Counts so many bytes as used; no more so if the block can't write them, unless it writes them one after the
        other and not `at_once`: then some may be there.

        Raises:
            QuotaError: they would be too many; nothing was counted.
        """
        if self.quota is None or not size:
            yield
            return
        as_of = self._reserve(size, self.quota)
        try:
            yield
        except OSError:
            if not at_once:
                raise
            # Unless a pass has ended meanwhile, which may not have counted them. `published` stays: one may have begun.
            self._usage.update_one({"_id": _NAME, "measured_at": as_of}, {"$inc": {"used": -size}})
            raise

    def measured(self) -> Measured | None:
        """What is known; None before the first pass has ended."""
        found = self._usage.find_one({"_id": _NAME})
        if found is None or found["measured_at"] is None:
            return None
        return Measured(Size(found["files"], found["bytes"]), found["used"], found["measured_at"])

    def begin(self) -> int:
        """To be called before a pass over the assets begins; what it returns goes to `end`."""
        found = self._usage.find_one({"_id": _NAME}, {"published": 1})
        return int(found["published"]) if found else 0

    def end(self, begun: int, size: Size) -> None:
        """A whole pass found so much."""
        self._make()
        used = {"$add": [size.bytes, {"$subtract": ["$published", begun]}]}
        found = {"files": size.files, "bytes": size.bytes, "used": used, "measured_at": "$$NOW"}
        self._usage.update_one({"_id": _NAME}, [{"$set": found}])

    def _reserve(self, size: int, quota: int) -> datetime | None:
        """Returns when it was last measured, or a little before."""
        as_of = self._make()
        reserved = self._usage.update_one(
            {"_id": _NAME, "used": {"$lte": quota - size}}, {"$inc": {"used": size, "published": size}}
        )
        if not reserved.modified_count:
            raise QuotaError(errno.EDQUOT, f"the assets quota of {quota} bytes has no room for {size} more")
        return as_of

    def _make(self) -> datetime | None:
        """Makes sure that the document is there; returns when it was last measured."""
        if found := self._usage.find_one({"_id": _NAME}, {"measured_at": 1}):
            return cast("datetime | None", found["measured_at"])
        nothing = {**dict.fromkeys(("files", "bytes", "used", "published"), 0), "measured_at": None}
        try:
            self._usage.update_one({"_id": _NAME}, {"$setOnInsert": nothing}, upsert=True)
        except DuplicateKeyError:
            return None  # another process made it
        return None
