"""Workers sweep the assets directory, one of them at a time."""

import signal
from pathlib import Path

import pytest
from hub.testing import eventually
from huggingface_hub import HfApi
from libcache.answers import Answers
from libcache.plans import Plans
from libcache.records import Records
from libcache.scratch import Scratch
from libcache.storage import open_assets
from libcache.usage import Usage
from libqueue.model import JobKey
from worker import sweeping
from worker.jobs.base import Stores
from worker.passes import Passes
from worker.stopping import Stopping
from worker.vitals import Vitals

from services.worker.tests.comparing import settings_of
from services.worker.tests.pictures import SECONDS, picture, published, push, shown, source, staged
from services.worker.tests.station import DATASET, HangingHub, Station
from services.worker.tests.test_watching import metrics_of

OFTEN = {"ASSETS_SWEEP_INTERVAL_SECONDS": 0.1, "ASSETS_GRACE_SECONDS": 1}


def test_files_of_a_replaced_revision_go_and_what_is_there_is_measured(station: Station) -> None:
    worker = station.start("datasets", **OFTEN)
    station.start("splits")
    push(station, before := picture())
    eventually(lambda: shown(station) == before, SECONDS)
    push(station, after := picture())
    eventually(lambda: shown(station) == after, SECONDS)
    eventually(lambda: [file.read_bytes() for file in published(station)] == [after], SECONDS)
    url = station.url(worker)
    measured = eventually(
        lambda: (
            found
            if (found := metrics_of(url)).get('worker_assets_bytes{type="datasets"}') == len(after)
            and found['worker_assets_swept_files_total{type="datasets"}'] == 1
            else None
        ),
        SECONDS,
    )
    assert measured is not None
    assert measured['worker_assets_files{type="datasets"}'] == 1


def test_files_of_a_deleted_dataset_go(station: Station) -> None:
    station.start("datasets", **OFTEN)
    station.start("splits")
    push(station, content := picture())
    eventually(lambda: shown(station) == content, SECONDS)
    HfApi(station.hub.endpoint, token="hf_me").delete_repo(DATASET, repo_type="dataset")
    eventually(lambda: station.head() is None, SECONDS)
    station.event()
    eventually(lambda: not (station.assets / "acme").exists(), SECONDS)


def test_what_a_killed_worker_has_staged_goes_without_the_start_of_another(station: Station) -> None:
    station.listed()
    station.start("datasets", **OFTEN)
    with HangingHub(station):
        killed = station.start("splits")
        station.held("splits")
        eventually(lambda: staged(station), SECONDS)
        killed.send_signal(signal.SIGKILL)
        killed.wait()
        eventually(lambda: not staged(station), SECONDS)
    # That of the worker that swept.
    assert len(list(station.assets.glob(".staging/*/lock"))) == 1


def test_a_page_whose_file_is_missing_is_read_again_when_its_job_is_queued(station: Station) -> None:
    station.start("datasets")
    station.start("splits")
    push(station, content := picture())
    eventually(lambda: shown(station) == content, SECONDS)
    station.settle()
    before = source(station.rows())
    (station.assets / before).unlink()
    station.event()
    station.settle()
    assert not published(station)
    station.queue.add(JobKey("splits", DATASET, "default", "train"))
    eventually(lambda: published(station), SECONDS)
    station.settle()
    assert shown(station) == content
    assert source(station.rows()) != before


def test_a_step_gets_on_however_long_it_takes_to_find_where_it_begins(
    station: Station, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeping, "_STEP_SECONDS", 0)
    monkeypatch.setattr(sweeping, "_PAUSE_SECONDS", 0)
    names = ("assets_sweep_interval_seconds", "assets_grace_seconds")
    urls = {"mongo_url": "mongodb://unused", "hf_endpoint": station.hub.endpoint}
    settings = settings_of(tmp_path, {**urls, **dict(zip(names, OFTEN.values(), strict=True))})
    assets, database = open_assets(settings), station.cache_database
    stores = Stores(
        station.queue,
        Records(database),
        Answers(database),
        Plans(database),
        assets,
        Usage(database, None),
        Scratch(assets.staging(tmp_path)),
    )
    passes = Passes(database, "leader", sweeping.plan_of(settings))
    sweeper = sweeping.Sweeping(passes, stores, Vitals("datasets", Stopping(0), 60), settings)
    for name in ("a", "b"):
        (tmp_path / f"assets/acme/{name}/--/1/1").mkdir(parents=True)

    def is_swept() -> bool:
        sweeper.run_when_due()
        return not (tmp_path / "assets/acme").exists()

    eventually(is_swept, SECONDS)
