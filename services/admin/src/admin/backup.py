"""Backup and restoration of the two databases: files of BSON, one for each collection, while everything runs.

Source of the format: mongodump's, `<database>/<collection>.bson`, each a sequence of documents.

The order makes a backup good that is read while others write. Records come after the answers: a record's fence is then
never below that of an answer, and what was hidden meanwhile is hidden in the backup. Media files are to be copied after
the databases, within the grace period for which they stay: then every file is there that an answer points to.
"""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from itertools import groupby, islice
from pathlib import Path
from typing import Any

import bson
from bson.raw_bson import RawBSONDocument
from libcache.schema import open_cache_database
from libcommon.settings import MongoSettings
from libqueue.model import JobKey, Priority
from libqueue.queue import Queue
from libqueue.schema import open_queue_database
from libqueue.settings import QueueSettings
from pymongo.database import Database

from admin.errors import UsageError

_JOBS = "jobs"
_DATASETS = "datasets"
# Of the queue, without the turns: jobs are queued anew. Of the cache, without the passes: they begin anew.
_OF_QUEUE = (_JOBS, "pauses", "history", "dead")
_OF_CACHE = ("answers", "plans", "usage", "migrations", "audit", _DATASETS)
_MANIFEST = "manifest.json"
_BATCH = 200

_Raw = Database[dict[str, Any]]
Progress = Callable[[str, int], object]


class BackupSettings(MongoSettings, QueueSettings):
    """Where the databases are."""


class Databases:
    """The two databases. Methods may raise `pymongo.errors.PyMongoError` and `OSError`."""

    def __init__(self, settings: BackupSettings) -> None:
        self._queue_database = open_queue_database(settings.mongo_url, settings.mongo_queue_database)
        self._queue = Queue(self._queue_database, settings.limits)
        self._databases = {
            "queue": self._queue_database,
            "cache": open_cache_database(settings.mongo_url, settings.mongo_cache_database),
        }

    def write(self, directory: Path, progress: Progress) -> dict[str, int]:
        """Writes a backup to a directory that isn't there yet; how many documents, by collection.

        Raises:
            UsageError: the directory is there.
        """
        if directory.exists():
            raise UsageError(f"{directory} is there already: name a directory that isn't")
        # The name appears with the whole of it.
        unfinished = directory.with_name(f".{directory.name}.unfinished")
        # Of one that was cut off.
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True)
        counts = {}
        for name, database, collection in self._collections():
            path = unfinished / f"{name}.bson"
            path.parent.mkdir(exist_ok=True)
            with path.open("wb") as file:
                counts[name] = self._write(database, collection, file.write, progress)
                file.flush()
                os.fsync(file.fileno())
        (unfinished / _MANIFEST).write_text(json.dumps(counts))
        unfinished.rename(directory)
        return counts

    def restore(self, directory: Path, progress: Progress) -> dict[str, int]:
        """Puts a backup into databases that have none of it; how many documents, by collection.

        Raises:
            UsageError: the files are no whole backup, or the databases aren't empty. Nothing was written.
        """
        counts = _checked(directory)
        if full := [name for name, database, collection in self._collections() if database[collection].find_one()]:
            raise UsageError(f"{full[0]} has documents: restore to databases that have none (MONGO_*_DATABASE)")
        for name, database, collection in self._collections():
            documents = _read(directory / f"{name}.bson")
            while batch := list(islice(documents, _BATCH)):
                if collection == _JOBS:
                    self._add(batch)
                else:
                    database[collection].insert_many(batch)
                progress(name, len(batch))
        self._raise_fences()
        return counts

    def _raise_fences(self) -> None:
        """Above those of the attempts that came after the backup, whose media files may be there."""
        for _, database, collection in self._collections():
            if collection == _DATASETS:
                now = [{"$set": {"fence": {"$max": ["$fence", {"$toLong": "$$NOW"}]}}}]
                database[collection].update_many({}, now)

    def _collections(self) -> Iterator[tuple[str, _Raw, str]]:
        for kind, collections in (("queue", _OF_QUEUE), ("cache", _OF_CACHE)):
            for collection in collections:
                yield f"{kind}/{collection}", self._databases[kind], collection

    def _write(self, database: _Raw, collection: str, write: Callable[[bytes], object], progress: Progress) -> int:
        raw = database[collection].with_options(codec_options=bson.CodecOptions(RawBSONDocument))
        count = 0
        for document in raw.find():
            write(bytes(document.raw))
            count += 1
            progress(collection, 1)
        return count

    def _add(self, jobs: list[dict[str, Any]]) -> None:
        """Queues jobs that waited or ran: whatever they were doing, it begins again."""

        def kind(job: dict[str, Any]) -> tuple[int, str]:
            return job["priority"], json.dumps(job["payload"], sort_keys=True, default=str)

        for (priority, _), alike in groupby(sorted(jobs, key=kind), kind):
            group = list(alike)
            keys = [JobKey.of(job) for job in group]
            self._queue.add_many(keys, priority=Priority(priority), payload=group[0]["payload"])


def _checked(directory: Path) -> dict[str, int]:
    try:
        expected: dict[str, int] = json.loads((directory / _MANIFEST).read_text())
        counts = {name: sum(1 for _ in _read(directory / f"{name}.bson")) for name in expected}
    except (OSError, ValueError, bson.errors.BSONError):
        raise UsageError(f"{directory} is no whole backup: take another one") from None
    if counts != expected:
        raise UsageError(f"{directory} has not the documents that it had: take another backup")
    return counts


def _read(path: Path) -> Iterator[dict[str, Any]]:
    with path.open("rb") as file:
        yield from bson.decode_file_iter(file, bson.CodecOptions(tz_aware=True))
