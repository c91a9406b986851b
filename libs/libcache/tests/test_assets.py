from pathlib import Path

import pytest
from libcache.assets import AssetPath, Assets, url_prefix
from libcache.records import Record
from libcache.schema import Visibility

REVISION = "a" * 40
NAME = "0123456789abcdef.png"
RECORD = Record("acme/images", 1_700_000_000_000, 1, Visibility.PUBLIC, REVISION, 0, 0, 0)


@pytest.fixture
def assets(tmp_path: Path) -> Assets:
    return Assets(tmp_path)


def publish(assets: Assets, record: Record, content: bytes = b"png") -> Path:
    staging = assets.staging / f"job-{record.generation}"
    staging.mkdir(parents=True)
    (staging / NAME).write_bytes(content)
    assets.publish(staging, record, REVISION)
    return staging


def test_a_published_file_is_where_its_url_points(assets: Assets) -> None:
    publish(assets, RECORD)
    path = AssetPath.parse(f"{url_prefix('', RECORD, REVISION)}/{NAME}".removeprefix("/assets/"))
    assert path is not None
    assert (path.dataset, path.generation) == (RECORD.dataset, RECORD.generation)
    assert assets.file(path).read_bytes() == b"png"


def test_nothing_that_was_published_stays_in_staging(assets: Assets) -> None:
    assert not list(publish(assets, RECORD).iterdir())


def test_files_of_generations_that_are_over_are_removed_and_the_present_ones_stay(assets: Assets) -> None:
    later = Record("acme/images", RECORD.generation + 1, 2, Visibility.PUBLIC, REVISION, 0, 0, 0)
    for record in (RECORD, later):
        publish(assets, record)
    assets.remove_generations_before(later)
    kept = [AssetPath("acme/images", record.generation, REVISION, NAME) for record in (RECORD, later)]
    assert [assets.file(path).exists() for path in kept] == [False, True]


@pytest.mark.parametrize(
    "path",
    [
        "",
        "acme/images",
        f"acme/images/--/1/{REVISION}/../{NAME}",
        f"../images/--/1/{REVISION}/{NAME}",
        f"acme/../images/--/1/{REVISION}/{NAME}",
        f"acme/images/--/x/{REVISION}/{NAME}",
        f"acme/images/--/01/{REVISION}/{NAME}",
        f"acme/images/--/1/main/{NAME}",
        f"acme/images/--/1/{REVISION}/passwd",
        f"acme/images/--/1/{REVISION}/{NAME}/",
        f"acme/images/--/1/{REVISION}/{NAME}\n",
        f".staging/--/1/{REVISION}/{NAME}",
    ],
)
def test_a_path_that_no_asset_can_have_is_refused(path: str) -> None:
    assert AssetPath.parse(path) is None
