"""What operators do with media files at the command line."""

from pathlib import Path

import pytest
from libcache.schema import Visibility
from libqueue.model import JobKey
from stack.mongo import free_port

from services.admin.tests.operator import Operator, Ran, as_program
from services.admin.tests.shelf import Shelf

IMAGES, SOUNDS, SQUAD = "acme/images", "acme/sounds", "squad"


def fill(cache: Shelf) -> str:
    """Files in each state: 3 bytes an answer points to, 5 it does no more, 7 of a dataset that is gone, and the path of
    one that is missing.
    """
    cache.put(IMAGES, b"12345")
    cache.put(IMAGES, b"123")
    cache.put(SQUAD, b"1234567")
    cache.observe(SQUAD, Visibility.MISSING)
    missing = cache.put(SOUNDS)
    (cache.directory / missing).unlink()
    return missing


def test_a_report_says_how_much_is_there_and_what_is_missing(operator: Operator) -> None:
    missing = fill(operator.cache)
    report = operator.json("assets", "report")
    assert report["states"] == {
        "named": {"files": 1, "bytes": 3},
        "kept": {"files": 1, "bytes": 5},
        "to_remove": {"files": 1, "bytes": 7},
    }
    assert report["datasets"] == [
        {"dataset": IMAGES, "files": 2, "bytes": 8},
        {"dataset": SQUAD, "files": 1, "bytes": 7},
        {"dataset": SOUNDS, "files": 0, "bytes": 0},
    ]
    assert report["missing_files"] == 1
    assert report["broken_answers"] == [
        {"dataset": SOUNDS, "config": "default", "split": "train", "missing": [missing]}
    ]
    assert (report["quota_bytes"], report["used_bytes"], report["measured_at"]) == (None, None, None)


def test_a_report_is_read_in_tables_and_lists_no_more_than_asked(
    operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    missing = fill(operator.cache)
    monkeypatch.setenv("ASSETS_QUOTA_BYTES", "2000000000")
    said = operator.done("assets", "report", "--limit", "1")
    states, quota, datasets, broken, more = said.rstrip("\n").split("\n\n")
    assert [line.split()[:3] for line in states.splitlines()[1:]] == [
        ["named", "1", "3"],
        ["kept", "1", "5"],
        ["to", "remove", "1"],
        ["missing", "1", "-"],
    ]
    assert quota == "quota: 2.0 GB; counted against it: -"
    assert datasets.splitlines()[1:] == [f"{IMAGES}  2      8 B"]
    assert broken.splitlines()[1].split() == [SOUNDS, "default", "train", "1", missing]
    assert more == "There may be more than the 1 listed: --limit."


def test_a_report_changes_nothing(operator: Operator) -> None:
    fill(operator.cache)
    before = {path: path.stat().st_mtime for path in operator.cache.directory.rglob("*/--/**/*")}
    for _ in range(2):
        operator.done("assets", "report")
    assert {path: path.stat().st_mtime for path in operator.cache.directory.rglob("*/--/**/*")} == before
    assert not operator.installation.jobs()


def test_a_sweep_removes_and_measures(operator: Operator) -> None:
    fill(operator.cache)
    swept = operator.json("assets", "sweep")["done"]
    assert swept == {"removed_files": 1, "removed_bytes": 7, "files_still_there": 2, "bytes_still_there": 8}
    swept = operator.json("assets", "sweep")["done"]
    assert (swept["removed_files"], swept["files_still_there"]) == (0, 2)
    report = operator.json("assets", "report")
    assert report["used_bytes"] == 8
    assert report["measured_at"]


def test_a_sweep_in_many_steps_measures_all(operator: Operator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("admin.verbs.assets._STEP_SECONDS", 0.0)
    fill(operator.cache)
    swept = operator.json("assets", "sweep")["done"]
    assert swept == {"removed_files": 1, "removed_bytes": 7, "files_still_there": 2, "bytes_still_there": 8}
    assert len(operator.json("audit", "list")["changes"]) > 2
    assert operator.json("assets", "report")["used_bytes"] == 8


def test_a_repair_queues_the_jobs_of_what_is_missing_and_touches_nothing_else(operator: Operator) -> None:
    fill(operator.cache)
    answers = list(operator.cache.database["answers"].find())
    files = operator.cache.files()
    assert operator.done("assets", "repair") == "queued again: 1\n"
    assert operator.installation.jobs() == {str(JobKey("splits", SOUNDS, "default", "train"))}
    assert list(operator.cache.database["answers"].find()) == answers
    assert operator.cache.files() == files


def test_a_repair_without_anything_to_repair_says_so(operator: Operator) -> None:
    operator.cache.put(IMAGES)
    assert operator.run("assets", "repair") == Ran(1, "queued again: 0\n", "")
    assert not operator.installation.jobs()


def test_answers_that_no_client_gets_any_more_are_not_repaired(operator: Operator) -> None:
    for dataset in (IMAGES, SOUNDS, SQUAD):
        operator.cache.put(dataset)
    operator.cache.records.close(IMAGES)
    operator.cache.observe(SOUNDS, Visibility.MISSING)
    operator.cache.database["datasets"].delete_one({"dataset": SQUAD})
    for file in operator.cache.files():
        (operator.cache.directory / file).unlink()
    assert operator.run("assets", "repair").code == 1


@pytest.mark.parametrize("command", ["report", "sweep", "repair"])
def test_a_directory_that_is_not_there_is_no_empty_one(
    operator: Operator, command: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    fill(operator.cache)
    monkeypatch.setenv("ASSETS_STORAGE", str(tmp_path / "elsewhere"))
    expected = "ASSETS_STORAGE: there is no such folder; expected the one of the workers\n"
    assert operator.run("assets", command) == Ran(2, "", expected)
    assert not operator.installation.jobs()


def test_a_mongo_that_is_not_there_is_said_in_one_line(tmp_path: Path) -> None:
    settings = {"MONGO_URL": f"mongodb://127.0.0.1:{free_port()}", "ASSETS_STORAGE": str(tmp_path)}
    expected = "MONGO_URL: no Mongo server answers; expected one that runs and lets us in\n"
    assert as_program("assets", "report", **settings) == Ran(2, "", expected)
