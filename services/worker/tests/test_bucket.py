"""Workers whose media files go to a bucket of S3-compatible storage."""

import signal
from collections.abc import Iterator

import pytest
from hub.testing import eventually
from huggingface_hub import HfApi
from stack.mongo import free_port
from stack.s3 import S3, running_s3

from services.worker.tests.pictures import SECONDS, picture, push, source
from services.worker.tests.station import DATASET, Station
from services.worker.tests.test_sweeping import OFTEN

PREFIX = "of/workers"


@pytest.fixture
def s3() -> Iterator[S3]:
    with running_s3() as server:
        yield server


def files(s3: S3) -> set[str]:
    """The paths of all files that were published and are there."""
    keys = {key.removeprefix(f"{PREFIX}/") for key in s3.keys(f"{PREFIX}/")}
    return {key for key in keys if not key.rpartition("/")[2].startswith(".")}


def shown(station: Station, s3: S3) -> bytes | None:
    """The picture that a client is shown, if there is one."""
    rows = station.rows()
    return s3.read(f"{PREFIX}/{source(rows)}") if rows else None


def test_a_picture_is_in_the_bucket_and_goes_with_its_revision_and_its_dataset(station: Station, s3: S3) -> None:
    station.start("datasets", **OFTEN, **s3.settings(PREFIX))
    station.start("splits", **s3.settings(PREFIX))
    push(station, before := picture())
    eventually(lambda: shown(station, s3) == before, SECONDS)
    push(station, after := picture())
    eventually(lambda: shown(station, s3) == after, SECONDS)
    eventually(lambda: len(files(s3)) == 1, SECONDS)
    assert shown(station, s3) == after
    HfApi(station.hub.endpoint, token="hf_me").delete_repo(DATASET, repo_type="dataset")
    eventually(lambda: station.head() is None, SECONDS)
    station.event()
    eventually(lambda: not files(s3), SECONDS)
    assert not list(station.assets.glob("*"))


def test_a_bucket_that_is_not_there_is_tried_again_and_the_last_good_page_stays(station: Station, s3: S3) -> None:
    station.start("datasets", **s3.settings(PREFIX))
    station.start("splits", **s3.settings(PREFIX))
    push(station, before := picture())
    eventually(lambda: shown(station, s3) == before, SECONDS)
    station.settle()
    rows = station.rows()
    s3.process.kill()
    s3.process.wait()
    push(station, after := picture())
    eventually(lambda: (job := station.job("splits", "default", "train")) and job["failures"] >= 1, SECONDS)
    eventually(lambda: '"code":"DiskError"' in station.log)
    assert station.rows() == rows
    with running_s3(s3.port) as again:
        eventually(lambda: station.rows() != rows, SECONDS)
        assert shown(station, again) == after
        assert len(files(again)) == 1


def test_a_bucket_that_is_slow_costs_no_lease(station: Station, s3: S3) -> None:
    for type_ in ("datasets", "splits", "splits"):
        station.start(type_, LEASE_SECONDS=2, **s3.settings(PREFIX))
    eventually(lambda: station.log.count('"action":"isolation"') == 3, SECONDS)
    s3.process.send_signal(signal.SIGSTOP)
    push(station, content := picture())
    # It is about to send its files.
    eventually(lambda: station.cache_database["answers"].find_one({"kind": "first-rows"}), SECONDS)
    held = station.held("splits")

    def has_beaten() -> bool:
        return bool((station.running("splits")["due_at"] - held["due_at"]).total_seconds() > 6)

    eventually(has_beaten, SECONDS)
    s3.process.send_signal(signal.SIGCONT)
    eventually(lambda: shown(station, s3) == content, SECONDS)
    station.settle()
    assert eventually(lambda: station.ended("splits"))["attempt"] == 1


def test_a_worker_ends_while_the_bucket_hangs_and_hands_its_job_back(station: Station, s3: S3) -> None:
    station.start("datasets", **s3.settings(PREFIX))
    worker = station.start("splits", DRAIN_SECONDS=0.3, **s3.settings(PREFIX))
    eventually(lambda: station.log.count('"action":"isolation"') == 2, SECONDS)
    s3.process.send_signal(signal.SIGSTOP)
    push(station, picture())
    # It is about to send its files.
    eventually(lambda: station.cache_database["answers"].find_one({"kind": "first-rows"}), SECONDS)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(20) == 0
    job = station.job("splits", "default", "train")
    assert (job["status"], job["failures"]) == ("ready", 0)
    s3.process.send_signal(signal.SIGCONT)


def test_a_worker_waits_for_a_bucket_that_does_not_answer_yet(station: Station) -> None:
    port = free_port()
    with running_s3(port) as s3:
        settings = s3.settings(PREFIX)
    for type_ in ("datasets", "splits"):
        station.start(type_, **settings)
    eventually(lambda: station.log.count("the assets are in trouble") >= 2, SECONDS)
    with running_s3(port) as s3:
        push(station, content := picture())
        eventually(lambda: shown(station, s3) == content, SECONDS)


def test_a_bucket_that_can_not_be_used_is_said_at_the_start(station: Station, s3: S3) -> None:
    wrong = {
        "ASSETS_STORAGE: can't be used: ": {"ASSETS_STORAGE": "s3://there-is-none/x"},
        "ASSETS_STORAGE: expected a directory, or a bucket": {"ASSETS_STORAGE": "gs://bucket/x"},
        "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY: expected both or neither": {"AWS_SECRET_ACCESS_KEY": ""},
    }
    workers = [station.start("splits", **{**s3.settings(PREFIX), **settings}) for settings in wrong.values()]
    assert [worker.wait(SECONDS) for worker in workers] == [2] * len(wrong)
    for said in wrong:
        assert station.log.count(said) == 1
    assert "of tests only" not in station.log
