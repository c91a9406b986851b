"""A cache with answers and files in it, as jobs leave them, and no worker."""

from pathlib import Path
from typing import Any

from libcache.answers import Answer, AnswerKey, Answers, Kind
from libcache.assets import url_prefix
from libcache.directory import Directory
from libcache.records import Record, Records
from libcache.schema import Visibility
from pymongo.database import Database

FILE = "0123456789abcdef.png"
REVISION = "a" * 40


class Shelf:
    """A cache database and its assets directory."""

    def __init__(self, database: Database[dict[str, Any]], directory: Path) -> None:
        self.database = database
        self.directory = directory
        self.records = Records(database)
        self._answers = Answers(database)
        self._assets = Directory(directory)

    def observe(self, dataset: str, visibility: Visibility = Visibility.PUBLIC) -> Record:
        """The record of a dataset, after a job that found it so."""
        record = self.records.observe(self.records.raise_fence(dataset), visibility, REVISION)
        assert record is not None
        return record

    def put(self, dataset: str, content: bytes = b"png") -> str:
        """The first page of a split, with one file; the path of that."""
        record = self.observe(dataset)
        staging = self._assets.staging(self.directory) / str(record.fence)
        staging.mkdir(parents=True)
        (staging / FILE).write_bytes(content)
        url = f"{url_prefix('', record)}/{FILE}"
        page = Answer(f'"{url}"'.encode(), asset_ends=[len(url) + 1])
        key = AnswerKey(Kind.FIRST_ROWS, dataset, "default", "train")
        place = self._answers.make_place(key, record)
        self._assets.publish(staging, record, [FILE], lambda: None)
        assert self._answers.write(key, page, record, REVISION, place=place)
        return url.removeprefix("/assets/")

    def files(self) -> set[str]:
        """What was published and is there, by paths."""
        return {str(file.relative_to(self.directory)) for file in self.directory.glob(f"**/--/**/{FILE}")}
