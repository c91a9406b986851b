"""Attempts at jobs, as far as the cache sees them: they publish files, and then write the answer that points to them.

`python attempts.py MONGO_URL DATABASE attempt` makes one, and between its two halves waits for a line at stdin.
With `attempts SEED` it makes one after the other until it is ended, each for one of a few datasets and a split of its
own, some with nothing to publish, some of content that is there already; now and then it stops itself before it writes
its answer, with `steady SEED` never. With `sweeps SECONDS` it sweeps as long, with this grace period, and counts in the
collection `removals` what it removes. Where the assets are, the environment says, as it does to the services.
"""

import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory, mkdtemp
from typing import Any

from libcache.answers import Answer, AnswerKey, Answers, Kind
from libcache.assets import Assets, url_prefix
from libcache.records import Record, Records
from libcache.schema import Visibility, open_cache_database
from libcache.settings import StorageSettings
from libcache.storage import open_assets
from libcache.sweeping import Place, Sweeper, Swept
from pymongo.database import Database

DATASETS = ("acme/images", "acme/sounds", "squad")
SPLITS = ("train", "test")
# Pushes go back and forth between them.
REVISIONS = ("a" * 40, "b" * 40)
FILE = "0123456789abcdef.png"


def key_of(dataset: str = DATASETS[0], split: str = SPLITS[0]) -> AnswerKey:
    return AnswerKey(Kind.FIRST_ROWS, dataset, "default", split)


def page(record: Record, *names: str) -> Answer:
    """A first page with these files."""
    body, ends = bytearray(b'{"rows":['), []
    for name in names:
        body += b'"' + f"{url_prefix('', record)}/{name}".encode()
        ends.append(len(body))
        body += b'"'
    return Answer(bytes(body + b"]}"), asset_ends=ends)


@dataclass(frozen=True)
class Cache:
    """A cache database and its assets; what is staged is in the folder `scratch`."""

    database: Database[dict[str, Any]]
    assets: Assets
    scratch: Path

    @property
    def records(self) -> Records:
        return Records(self.database)

    @property
    def answers(self) -> Answers:
        return Answers(self.database)

    def claim(self, dataset: str = DATASETS[0], visibility: Visibility = Visibility.PUBLIC) -> Record:
        """The record as the holder of a job has it that found this out."""
        claimed = self.records.raise_fence(dataset)
        observed = self.records.observe(claimed, visibility, claimed.revision or REVISIONS[0], "signature")
        return observed or claimed

    def attempt(
        self,
        record: Record,
        *names: str,
        split: str = SPLITS[0],
        before_writing: Callable[[], object] = lambda: None,
        content: bytes = b"png",
    ) -> bool:
        """One attempt, with these files; whether its answer was stored."""
        below = self.assets.staging(self.scratch)
        below.mkdir(parents=True, exist_ok=True)
        staging = Path(mkdtemp(dir=below))
        for name in names:
            (staging / name).write_bytes(content)
        key = key_of(record.dataset, split)
        place = self.answers.make_place(key, record) if names else None
        self.assets.publish(staging, record, names, lambda: None)
        before_writing()
        return self.answers.write(key, page(record, *names), record, record.revision, place=place)

    def sweep(self, grace_seconds: float = 0, *, max_folders: int = 500) -> Swept:
        """A pass over everything."""
        sweeper = Sweeper(self.assets, self.records, self.answers, grace_seconds, max_folders=max_folders)
        swept = Swept()
        for dataset in sweeper.datasets():
            place: Place | None = Place(dataset)
            while place is not None:
                more, place = sweeper.sweep(place)
                swept += more
        return swept

    def broken(self) -> list[str]:
        """Files that are missing although the answer that points to them stands, and did when they were looked for."""
        found: list[str] = []
        for key, generation in list(self.answers.with_assets()):
            before = self._stored(key)
            missing = self.assets.missing(self.answers.asset_paths(key, generation))
            after, record = self._stored(key), self.records.find(key.dataset)
            if before == after is not None and record is not None and record.generation == generation:
                found += missing
        return found

    def _stored(self, key: AnswerKey) -> Any:
        """Which files an answer points to, if it is there."""
        return self.database["answers"].find_one(key.filter, {"_id": 0, "generation": 1, "assets_fence": 1})


def make_attempts(cache: Cache, random: Random, *, stops: float) -> None:
    """Without an end; `stops` is how often this process stops itself between the two halves of one."""
    split = f"{random.random()}"

    def stop_sometimes() -> None:
        if random.random() < stops:
            os.kill(os.getpid(), signal.SIGSTOP)

    while True:
        dataset = random.choice(DATASETS)
        record = cache.claim(dataset)
        match random.choice(("page", "page", "page", "page", "text", "relabel", "drop", "close")):
            case "page":
                names = [f"{random.randrange(4):016x}.png" for _ in range(3)]
                cache.attempt(record, *set(names), split=split, before_writing=stop_sometimes)
                if broken := cache.broken():
                    cache.database["broken"].insert_one({"files": broken})
            case "text":
                cache.attempt(record, split=split)
            case "relabel":
                cache.records.observe(cache.records.raise_fence(dataset), Visibility.PUBLIC, random.choice(REVISIONS))
                cache.answers.relabel(cache.claim(dataset))
            case "drop" if random.random() < 0.1:
                cache.answers.drop_first_rows(record, keep=[("default", split)])
            case "close" if random.random() < 0.02:
                cache.records.close(dataset)


def sweep_on(cache: Cache, grace_seconds: float) -> None:
    """Without an end."""
    while True:
        removed = cache.sweep(grace_seconds).removed.files
        if removed:
            cache.database["removals"].update_one({"_id": 0}, {"$inc": {"files": removed}}, upsert=True)


def main(mongo_url: str, database: str, what: str, how: str = "") -> None:
    assets = open_assets(StorageSettings.from_environment())
    with TemporaryDirectory() as scratch:
        cache = Cache(open_cache_database(mongo_url, database), assets, Path(scratch))
        match what:
            case "attempt":
                cache.attempt(cache.claim(), FILE, before_writing=_wait_for_a_line)
            case "attempts" | "steady":
                make_attempts(cache, Random(how), stops=0.2 if what == "attempts" else 0)
            case "sweeps":
                sweep_on(cache, float(how))


def _wait_for_a_line() -> None:
    print("published", flush=True)
    sys.stdin.readline()


if __name__ == "__main__":
    main(*sys.argv[1:])
