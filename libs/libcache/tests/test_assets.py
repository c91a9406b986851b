"""What a directory and a bucket have in common."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from libcache.assets import AssetPath, Assets, url_prefix
from libcache.records import Record
from libcache.schema import Visibility

from libs.libcache.tests.places import InBucket, Place

Publish = Callable[..., Path]
REVISION = "a" * 40
NAME = "0123456789abcdef.png"
OTHER_NAME = "fedcba9876543210.wav"
RECORD = Record("acme/images", 1_700_000_000_000, 1, Visibility.PUBLIC, REVISION, 0, 0, 0)


@pytest.fixture
def assets(place: Place) -> Assets:
    return place.assets


@pytest.fixture
def publish(assets: Assets, tmp_path: Path) -> Publish:
    """Publishes some of the two files that an attempt has made; returns where it made them."""

    def publish(record: Record, *names: str) -> Path:
        staging = assets.staging(tmp_path / "scratch") / f"job-{record.generation}-{record.fence}"
        staging.mkdir(parents=True)
        for name in (NAME, OTHER_NAME):
            (staging / name).write_bytes(b"png")
        assets.publish(staging, record, names, lambda: None)
        return staging

    return publish


def path_of(record: Record, name: str = NAME) -> str:
    return str(AssetPath(record.dataset, record.generation, record.fence, name).relative)


def test_a_published_file_is_where_its_url_points(publish: Publish, place: Place) -> None:
    publish(RECORD, NAME)
    path = f"{url_prefix('', RECORD)}/{NAME}".removeprefix("/assets/")
    assert path == path_of(RECORD)
    assert AssetPath.parse(path) == AssetPath(RECORD.dataset, RECORD.generation, RECORD.fence, NAME)
    assert place.read(path) == b"png"


def test_files_that_the_answer_does_not_point_to_are_not_published(publish: Publish, place: Place) -> None:
    publish(RECORD, NAME)
    assert place.files() == {path_of(RECORD)}


def test_a_directory_gets_a_folder_by_one_move(publish: Publish, place: Place) -> None:
    staging = publish(RECORD, NAME)
    assert staging.exists() == isinstance(place, InBucket)


def test_an_answer_without_files_publishes_nothing(publish: Publish, assets: Assets) -> None:
    publish(RECORD)
    assert list(assets.datasets()) == []


def test_two_attempts_never_write_to_the_same_place(publish: Publish, assets: Assets) -> None:
    later = replace(RECORD, fence=RECORD.fence + 1)
    for record in (RECORD, later):
        publish(record, NAME)
    assert [folder.id for folder in assets.folders(RECORD.dataset)] == [
        (RECORD.generation, RECORD.fence),
        (RECORD.generation, later.fence),
    ]


def test_files_of_generations_that_are_over_are_removed_at_once_from_a_directory(
    publish: Publish, assets: Assets, place: Place
) -> None:
    later = replace(RECORD, generation=RECORD.generation + 1, fence=2)
    for record in (RECORD, later):
        publish(record, NAME)
    assets.remove_generations_before(later)
    assert place.files() == {path_of(later)} | ({path_of(RECORD)} if isinstance(place, InBucket) else set())


def test_the_datasets_are_walked_over_from_any_on(publish: Publish, assets: Assets, place: Place) -> None:
    names = ["acme", "acme/a", "acme/b", "acme-2/a", "squad", "squad/a"]
    for fence, dataset in enumerate(names, 1):
        publish(replace(RECORD, dataset=dataset, fence=fence), NAME)
    place.write(".staging/lost+found/x")
    walked = list(assets.datasets())
    assert set(walked) >= set(names)
    for dataset in walked:
        assert list(assets.datasets(dataset)) == walked[walked.index(dataset) :]


def test_a_folder_that_became_empty_goes_with_those_above_it(publish: Publish, assets: Assets, tmp_path: Path) -> None:
    for fence, dataset in enumerate(("acme/images", "acme/sounds"), 1):
        publish(replace(RECORD, dataset=dataset, fence=fence), NAME)
    for dataset, left in (("acme/images", ["acme", "acme/sounds"]), ("acme/sounds", [])):
        for folder in assets.folders(dataset):
            folder.remove()
        assets.remove_empty_folders(dataset)
        assert list(assets.datasets()) == left
    assert not (tmp_path / "assets" / "acme").exists()


def test_files_that_are_not_there_are_told(publish: Publish, assets: Assets, place: Place) -> None:
    other = replace(RECORD, dataset="acme/sounds", fence=2)
    for record in (RECORD, other):
        publish(record, NAME, OTHER_NAME)
    place.remove(path_of(other))
    wanted = [path_of(record, name) for record in (RECORD, other) for name in (NAME, OTHER_NAME)]
    assert assets.missing(wanted) == [path_of(other)]


def test_the_time_of_the_place_goes_by_what_is_written_there(publish: Publish, assets: Assets) -> None:
    publish(RECORD, NAME)
    before = assets.now()
    assets.folders(RECORD.dataset)[0].note_unnamed()
    since = assets.folders(RECORD.dataset)[0].unnamed_since()
    assert since is not None
    assert before <= since <= assets.now()


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
