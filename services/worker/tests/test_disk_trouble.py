"""A disk that takes no more, and a quota that is used up: the job ends with `DiskError`, nothing is left half written,
and the last good answer stays.
"""

import resource
from typing import Any

from hub.testing import eventually

from services.worker.tests.pictures import SECONDS, picture, published, push, shown, staged
from services.worker.tests.station import Station, children_of

# More than a worker writes to its log, less than a large picture has.
FEW_BYTES = 60_000
LARGE = 300


def page(station: Station) -> Any:
    return station.answer("default", "train")


def test_what_goes_over_the_quota_is_not_published_and_the_last_good_page_stays(station: Station) -> None:
    station.start("datasets")
    station.start("splits", ASSETS_QUOTA_BYTES=2 * LARGE * LARGE, MAX_ATTEMPTS=1)
    push(station, small := picture())
    eventually(lambda: shown(station) == small, SECONDS)
    push(station, picture(LARGE))
    dead = eventually(station.dead, SECONDS)
    assert dead["code"] == "DiskError"
    assert "assets quota" in dead["message"]
    assert "/" not in dead["message"]
    assert shown(station) == small
    assert page(station)["stale"]
    assert len(published(station)) == 1
    eventually(lambda: not staged(station))
    (usage,) = station.cache_database["usage"].find()
    assert usage["used"] == len(small)


def test_a_first_page_over_the_quota_is_an_error_of_the_server_until_there_is_room(station: Station) -> None:
    station.start("datasets")
    splits = station.start("splits", ASSETS_QUOTA_BYTES=10, MAX_ATTEMPTS=1)
    push(station, content := picture())
    assert eventually(lambda: station.code("default", "train"), SECONDS) == "DiskError"
    assert page(station)["status"] == 500
    assert not published(station)
    splits.terminate()
    splits.wait()
    station.start("splits", ASSETS_QUOTA_BYTES=10 + len(content))
    station.event()
    eventually(lambda: shown(station) == content, SECONDS)


def test_a_media_file_that_the_disk_does_not_take_is_tried_again_and_the_last_good_page_stays(
    station: Station,
) -> None:
    station.start("datasets")
    splits = station.start("splits")
    push(station, small := picture())
    eventually(lambda: shown(station) == small, SECONDS)
    station.settle()
    (zygote,) = children_of(splits.pid)
    unlimited = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
    resource.prlimit(zygote, resource.RLIMIT_FSIZE, (FEW_BYTES, resource.RLIM_INFINITY))
    push(station, large := picture(LARGE))
    eventually(lambda: (job := station.job("splits", "default", "train")) and job["failures"] >= 1, SECONDS)
    eventually(lambda: '"code":"DiskError"' in station.log)
    assert shown(station) == small
    eventually(lambda: not station.running("splits") and not staged(station), SECONDS)
    resource.prlimit(zygote, resource.RLIMIT_FSIZE, unlimited)
    station.hurried(lambda: shown(station) == large, SECONDS)


def test_a_folder_that_can_not_be_made_is_tried_again_and_nothing_is_left_half_published(station: Station) -> None:
    station.start("datasets")
    station.start("splits")
    station.assets.mkdir(exist_ok=True)
    in_the_way = station.assets / "acme"
    in_the_way.write_bytes(b"")
    push(station, content := picture())
    eventually(lambda: (job := station.job("splits", "default", "train")) and job["failures"] >= 1, SECONDS)
    eventually(lambda: '"code":"DiskError"' in station.log)
    eventually(lambda: not station.running("splits") and not staged(station), SECONDS)
    in_the_way.unlink()
    station.hurried(lambda: shown(station) == content, SECONDS)
    assert len(published(station)) == 1
