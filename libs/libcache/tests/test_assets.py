from dataclasses import replace
from pathlib import Path
from shutil import rmtree

import pytest
from libcache.assets import AssetPath, Assets, url_prefix
from libcache.records import Record
from libcache.schema import Visibility

REVISION = "a" * 40
NAME = "0123456789abcdef.png"
OTHER_NAME = "fedcba9876543210.wav"
RECORD = Record("acme/images", 1_700_000_000_000, 1, Visibility.PUBLIC, REVISION, 0, 0, 0)


@pytest.fixture
def assets(tmp_path: Path) -> Assets:
    return Assets(tmp_path)


def publish(assets: Assets, record: Record, *names: str) -> Path:
    staging = assets.staging / f"job-{record.generation}-{record.fence}"
    staging.mkdir(parents=True)
    for name in (NAME, OTHER_NAME):
        (staging / name).write_bytes(b"png")
    with assets.published(staging, record, names):
        return staging


def path_of(record: Record, name: str = NAME) -> AssetPath:
    return AssetPath(record.dataset, record.generation, record.fence, name)


def test_a_published_file_is_where_its_url_points(assets: Assets) -> None:
    publish(assets, RECORD, NAME)
    path = AssetPath.parse(f"{url_prefix('', RECORD)}/{NAME}".removeprefix("/assets/"))
    assert path == path_of(RECORD)
    assert assets.file(path).read_bytes() == b"png"


def test_files_that_the_answer_does_not_point_to_are_not_published(assets: Assets) -> None:
    staging = publish(assets, RECORD, NAME)
    assert assets.file(path_of(RECORD)).exists()
    assert not assets.file(path_of(RECORD, OTHER_NAME)).exists()
    assert not staging.exists()


def test_an_answer_without_files_publishes_nothing(assets: Assets) -> None:
    publish(assets, RECORD)
    assert list(assets.datasets()) == []


def test_two_attempts_never_write_to_the_same_place(assets: Assets) -> None:
    later = replace(RECORD, fence=RECORD.fence + 1)
    for record in (RECORD, later):
        publish(assets, record, NAME)
    assert [folder.id for folder in assets.folders(RECORD.dataset)] == [
        (RECORD.generation, RECORD.fence),
        (RECORD.generation, later.fence),
    ]


def test_files_of_generations_that_are_over_are_removed_and_the_present_ones_stay(assets: Assets) -> None:
    later = replace(RECORD, generation=RECORD.generation + 1, fence=2)
    for record in (RECORD, later):
        publish(assets, record, NAME)
    assets.remove_generations_before(later)
    assert [assets.file(path_of(record)).exists() for record in (RECORD, later)] == [False, True]


def test_the_directory_is_walked_over_from_any_dataset_on(assets: Assets) -> None:
    names = ["acme", "acme/a", "acme/b", "acme-2/a", "squad", "squad/a"]
    for dataset in names:
        publish(assets, replace(RECORD, dataset=dataset, fence=len(dataset) + 1), NAME)
        rmtree(assets.staging)
    (assets.staging / "lost+found").mkdir(parents=True)
    walked = list(assets.datasets())
    assert set(walked) >= set(names)
    for dataset in walked:
        assert list(assets.datasets(dataset)) == walked[walked.index(dataset) :]


def test_a_folder_that_became_empty_goes_with_those_above_it(assets: Assets, tmp_path: Path) -> None:
    for dataset in ("acme/images", "acme/sounds"):
        publish(assets, replace(RECORD, dataset=dataset, fence=len(dataset) + (dataset == "acme/sounds")), NAME)
    for dataset, left in (("acme/images", ["sounds"]), ("acme/sounds", [])):
        for folder in assets.folders(dataset):
            folder.remove()
        assets.remove_empty_folders(dataset)
        assert [folder.name for folder in tmp_path.glob("acme/*")] == left
    assert not (tmp_path / "acme").exists()


@pytest.mark.parametrize(
    "path",
    [
        "",
        "acme/images",
        f"acme/images/--/1/2/../{NAME}",
        f"../images/--/1/2/{NAME}",
        f"acme/../images/--/1/2/{NAME}",
        f"acme/images/--/x/2/{NAME}",
        f"acme/images/--/01/2/{NAME}",
        f"acme/images/--/1/main/{NAME}",
        f"acme/images/--/1/{REVISION}/{NAME}",
        "acme/images/--/1/2/passwd",
        "acme/images/--/1/2/.open",
        f"acme/images/--/1/2/{NAME}/",
        f"acme/images/--/1/2/{NAME}\n",
        f".staging/--/1/2/{NAME}",
    ],
)
def test_a_path_that_no_asset_can_have_is_refused(path: str) -> None:
    assert AssetPath.parse(path) is None
