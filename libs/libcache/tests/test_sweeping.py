"""What a sweeper removes and what it leaves."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from libcache.answers import Answer
from libcache.assets import AssetPath, url_prefix
from libcache.auditing import broken_answers
from libcache.records import Record
from libcache.schema import Visibility
from libcommon.errors import CodedError
from pymongo.database import Database

from libs.libcache.tests import attempts
from libs.libcache.tests.attempts import DATASETS, FILE, REVISIONS, Cache, key_of
from libs.libcache.tests.places import InDirectory, Place

DATASET = DATASETS[0]
LONG = 1_000.0
Start = Callable[[], "subprocess.Popen[str]"]


@pytest.fixture
def published_by_a_process(cache: Cache, place: Place, mongo_url: str) -> Iterator[Start]:
    """Starts a process that has published its files, and waits for a line before it writes its answer."""
    started: list[subprocess.Popen[str]] = []

    def start() -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [sys.executable, attempts.__file__, mongo_url, cache.database.name, "attempt"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=place.environment,
        )
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "published\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def path_of(record: Record, name: str = FILE) -> str:
    return str(AssetPath(record.dataset, record.generation, record.fence, name).relative)


def stored(cache: Cache) -> bool:
    """Whether there is an answer that a client would get."""
    answer, record = cache.database["answers"].find_one({}), cache.records.find(DATASET)
    return answer is not None and record is not None and answer["generation"] == record.generation


def broken(cache: Cache) -> list[str]:
    return [
        path
        for answer in broken_answers(cache.answers.with_assets(), cache.assets, cache.records, cache.answers)
        for path in answer.missing
    ]


def test_files_of_the_answer_that_stands_stay(cache: Cache, place: Place) -> None:
    record = cache.claim()
    cache.attempt(record, FILE)
    for _ in range(3):
        swept = cache.sweep()
        assert (swept.there.files, swept.removed.files) == (1, 0)
    assert place.files() == {path_of(record)}


def test_files_of_a_replaced_answer_go_when_their_grace_period_is_over(cache: Cache, place: Place) -> None:
    replaced = cache.claim()
    cache.attempt(replaced, FILE)
    record = cache.claim()
    cache.attempt(record, FILE)
    cache.sweep()
    for _ in range(2):
        assert cache.sweep(LONG).there.files == 2
    swept = cache.sweep()
    assert (swept.removed.files, swept.removed.bytes) == (1, len(b"png"))
    assert place.files() == {path_of(record)}


def test_the_grace_period_begins_when_an_answer_is_replaced_however_old_its_files_are(
    cache_database: Database[dict[str, Any]], tmp_path: Path
) -> None:
    place = InDirectory(tmp_path / "assets")
    cache = Cache(cache_database, place.assets, tmp_path)
    replaced = cache.claim()
    cache.attempt(replaced, FILE)
    for file in place.root.rglob("*"):
        os.utime(file, (1, 1))
    cache.attempt(cache.claim(), FILE)
    for _ in range(3):
        cache.sweep(LONG)
    assert path_of(replaced) in place.files()


def test_files_of_a_relabelled_answer_stay(cache: Cache, place: Place) -> None:
    made = cache.claim()
    cache.attempt(made, FILE)
    observed = cache.records.observe(cache.records.raise_fence(DATASET), Visibility.PUBLIC, REVISIONS[1], "signature")
    assert observed is not None
    cache.answers.relabel(observed)
    answer = cache.database["answers"].find_one(key_of().filter)
    assert answer is not None
    assert (answer["revision"], answer["fence"]) == (REVISIONS[1], observed.fence)
    for _ in range(3):
        cache.sweep()
    assert place.files() == {path_of(made)}


def test_files_of_a_good_answer_stay_when_a_later_attempt_failed(cache: Cache, place: Place) -> None:
    made = cache.claim()
    cache.attempt(made, FILE)
    failed = cache.claim()
    cache.answers.write(key_of(), Answer.of_error(CodedError("HfHubError", "later")), failed, failed.revision)
    for _ in range(3):
        cache.sweep()
    assert place.files() == {path_of(made)}


def test_files_of_splits_that_are_gone_go(cache: Cache, place: Place) -> None:
    for split in attempts.SPLITS:
        cache.attempt(cache.claim(), FILE, split=split)
    cache.answers.drop_first_rows(cache.claim(), keep=[("default", "train")])
    for _ in range(2):
        cache.sweep()
    assert len(place.files()) == 1
    assert not broken(cache)


@pytest.mark.parametrize("visibility", [Visibility.MISSING, Visibility.DISABLED, Visibility.MOVED])
def test_files_of_a_dataset_that_is_gone_go_at_once(cache: Cache, place: Place, visibility: Visibility) -> None:
    cache.attempt(cache.claim(), FILE)
    cache.claim(visibility=visibility)
    cache.sweep(LONG)
    assert place.files() == set()
    assert not any(path.startswith("acme") for path in place.all_files())


def test_files_of_a_dataset_without_a_record_go_at_once(cache: Cache, place: Place) -> None:
    for dataset in DATASETS:
        cache.attempt(cache.claim(dataset), FILE)
    cache.database["datasets"].delete_one({"dataset": DATASET})
    cache.sweep(LONG)
    assert place.files(DATASET) == set()
    assert len(place.files()) == 2


def test_files_of_a_closed_dataset_go_and_those_made_later_stay(cache: Cache, place: Place) -> None:
    cache.attempt(cache.claim(), FILE)
    cache.records.close(DATASET)
    record = cache.claim()
    cache.attempt(record, FILE)
    cache.sweep(LONG)
    assert place.files() == {path_of(record)}


def test_files_stay_a_grace_period_for_the_process_that_published_them_to_write_its_answer(
    cache: Cache, place: Place, published_by_a_process: Start
) -> None:
    process = published_by_a_process()
    for _ in range(3):
        cache.sweep(LONG)
    # Nor is it noted: an answer that is replaced soon after has a whole grace period.
    assert not [path for path in place.all_files() if path.endswith(".over")]
    assert len(place.files()) == 1
    process.communicate("go on\n")
    assert stored(cache)
    for _ in range(3):
        cache.sweep()
    assert len(place.files()) == 1
    assert not broken(cache)


def test_a_process_that_was_stopped_for_longer_than_that_stores_no_answer(
    cache: Cache, place: Place, published_by_a_process: Start
) -> None:
    process = published_by_a_process()
    process.send_signal(signal.SIGSTOP)
    for _ in range(2):
        cache.sweep()
    assert place.files() == set()
    process.send_signal(signal.SIGCONT)
    process.communicate("go on\n")
    assert process.returncode == 0
    assert not stored(cache)
    # And is in nobody's way.
    assert cache.attempt(cache.claim(), FILE)
    assert stored(cache)
    assert not broken(cache)


def test_an_answer_that_was_dropped_meanwhile_does_not_come_back_without_its_files(
    cache: Cache, published_by_a_process: Start
) -> None:
    process = published_by_a_process()
    for _ in range(2):
        cache.sweep()
    cache.answers.drop_first_rows(cache.claim())
    process.communicate("go on\n")
    assert cache.database["answers"].count_documents({}) == 0


def test_files_of_a_process_that_died_before_its_answer_was_stored_go(
    cache: Cache, place: Place, published_by_a_process: Start
) -> None:
    process = published_by_a_process()
    process.kill()
    process.wait()
    cache.sweep()
    for _ in range(2):
        cache.sweep(LONG)
        assert len(place.files()) == 1
    cache.sweep()
    assert place.files() == set()


def test_an_answer_that_arrives_after_the_death_of_who_wrote_it_keeps_its_files(
    cache: Cache, place: Place, published_by_a_process: Start
) -> None:
    process = published_by_a_process()
    process.kill()
    process.wait()
    cache.sweep()
    # What was on its way to Mongo.
    (path,) = place.files()
    place_of_it = cache.database["answers"].find_one(key_of().filter)
    assert place_of_it is not None
    late = cache.records.find(DATASET)
    assert late is not None
    assert path == path_of(late)
    page = attempts.page(late, FILE)
    assert cache.answers.write(key_of(), page, late, late.revision, place=place_of_it["_id"])
    for _ in range(3):
        cache.sweep()
    assert place.files() == {path}
    # And when it is replaced, they have a whole grace period as others have.
    cache.attempt(cache.claim())
    for _ in range(2):
        cache.sweep(LONG)
    assert place.files() == {path}


def test_a_place_that_is_made_again_is_not_that_of_an_attempt_before(
    cache: Cache, published_by_a_process: Start
) -> None:
    earlier = cache.claim()
    process = published_by_a_process()
    for _ in range(2):
        cache.sweep()
    cache.answers.drop_first_rows(cache.claim())
    # It was stopped before it made its own.
    cache.answers.make_place(key_of(), earlier)
    process.communicate("go on\n")
    assert not stored(cache)


def test_a_removal_that_was_cut_off_is_done_by_the_next_pass(cache: Cache, place: Place) -> None:
    names = [f"{number:016x}.png" for number in range(5)]
    cache.attempt(cache.claim(), *names)
    cache.attempt(cache.claim())
    cache.sweep()
    for name in names[:3]:
        place.remove(next(path for path in place.files() if path.endswith(name)))
    assert cache.sweep().removed.files == 2
    assert not any(path.startswith("acme") for path in place.all_files())


def test_files_that_came_back_from_a_backup_without_the_hidden_ones_are_swept_too(cache: Cache, place: Place) -> None:
    cache.attempt(cache.claim(), FILE)
    record = cache.claim()
    cache.attempt(record, FILE)
    cache.sweep(LONG)
    for mark in place.all_files() - place.files():
        place.remove(mark)
    for _ in range(2):
        cache.sweep()
    assert place.files() == {path_of(record)}


def test_what_is_no_folder_of_an_attempt_stays(cache: Cache, place: Place) -> None:
    cache.attempt(cache.claim(), FILE)
    cache.claim(visibility=Visibility.MISSING)
    foreign = {"lost+found/x.png", "acme/images/--/notes/x.png"}
    for path in foreign:
        place.write(path)
    for _ in range(2):
        cache.sweep()
    assert place.files() == foreign


def test_a_dataset_with_many_folders_is_swept_a_few_at_a_time(cache: Cache) -> None:
    for split in range(7):
        cache.attempt(cache.claim(), FILE, split=str(split))
    for split in range(0, 7, 2):
        cache.attempt(cache.claim(), split=str(split))
    assert cache.sweep(max_folders=2).there.files == 7
    assert cache.sweep(max_folders=2).removed.files == 4
    assert not broken(cache)


def test_an_answer_knows_the_folder_that_its_urls_point_to(cache: Cache) -> None:
    record = cache.claim()
    cache.attempt(record, FILE)
    assert cache.answers.asset_folders(DATASET) == {(record.generation, record.fence)}
    assert cache.answers.asset_paths(key_of(), record.generation) == {path_of(record)}
    assert url_prefix("", record) == f"/assets/{path_of(record)}".removesuffix(f"/{FILE}")


def test_files_of_a_later_time_than_the_restored_databases_keep_no_attempt_from_storing(cache: Cache) -> None:
    cache.attempt(cache.claim(), FILE)
    kept = {name: list(cache.database[name].find()) for name in ("answers", "datasets")}
    for _ in range(5):
        later = cache.claim()
    cache.attempt(later, FILE)
    for name, documents in kept.items():
        cache.database[name].delete_many({})
        cache.database[name].insert_many(documents)
    while not cache.sweep().removed.files:
        pass
    assert cache.attempt(cache.claim(), FILE)
    assert not broken(cache)
