"""What workers make of a dataset and of each of its changes on the Hub."""

from collections.abc import Iterator
from functools import partial
from io import BytesIO

import pytest
from hub import testing
from huggingface_hub import HfApi
from PIL import Image

from services.worker.tests.station import DATASET, Station

# To start a worker takes some seconds, a good many on a machine that has other things to do.
eventually = partial(testing.eventually, seconds=60)


@pytest.fixture
def station(staffed_station: Station) -> Iterator[Station]:
    yield staffed_station
    staffed_station.clear()


def changed(station: Station, before: str | None) -> bool:
    return station.head() != before


def test_a_dataset_gets_its_splits_and_first_rows(station: Station) -> None:
    station.put("train.csv", "name,age\nAda,36\nAlan,41\n")
    station.put("test.csv", "name,age\nGrace,85\n")
    eventually(station.head)
    station.event()
    eventually(lambda: station.rows(split="test"))
    eventually(lambda: station.rows(split="train"))
    assert [entry["split"] for entry in station.answer()["json"]["splits"]] == ["train", "test"]
    assert station.rows(split="train") == [{"name": "Ada", "age": 36}, {"name": "Alan", "age": 41}]
    assert station.answer("default", "train")["revision"] == station.head()
    station.settle()


def test_a_push_replaces_the_rows_and_a_split_that_is_gone_is_dropped(station: Station) -> None:
    station.put("train.csv", "n\n1\n")
    station.put("test.csv", "n\n1\n")
    eventually(station.head)
    station.event()
    eventually(lambda: station.rows(split="test"))
    station.settle()
    before = station.head()
    station.put("train.csv", "n\n2\n")
    (station.hub.directory / DATASET / "test.csv").unlink()
    eventually(lambda: changed(station, before))
    station.event()
    eventually(lambda: station.rows() == [{"n": 2}])
    station.settle()
    assert station.answer("default", "test") is None
    assert station.answer("default", "train")["revision"] == station.head() != before


def test_an_event_without_a_change_computes_nothing_again(station: Station) -> None:
    station.put("train.csv", "n\n1\n")
    eventually(station.head)
    station.event()
    eventually(station.rows)
    station.settle()
    written = station.answer("default", "train")["written_at"]
    station.event()
    station.settle()
    assert not station.record().refreshing
    assert station.answer("default", "train")["written_at"] == written


def test_a_deleted_dataset_is_gone_with_its_answers_and_files(station: Station) -> None:
    picture = BytesIO()
    Image.new("RGB", (8, 4)).save(picture, "PNG")
    station.put("train/a.png", picture.getvalue())
    eventually(station.head)
    station.event()
    (row,) = eventually(station.rows)
    assert station.assets.joinpath(row["image"]["src"].removeprefix("/assets/")).read_bytes() == picture.getvalue()
    assert (row["image"]["height"], row["image"]["width"]) == (4, 8)
    station.settle()
    HfApi(station.hub.endpoint, token="hf_me").delete_repo(DATASET, repo_type="dataset")
    station.records.close(DATASET)
    station.event()
    eventually(lambda: station.code() == "DatasetNotFoundError")
    station.settle()
    eventually(lambda: not list(station.assets.rglob("*.png")))
    assert station.record().visibility == "missing"
    assert station.cache_database["answers"].count_documents({"kind": "first-rows"}) == 0


def test_a_dataset_that_goes_private_gets_a_new_generation_and_its_rows_again(station: Station) -> None:
    station.put("train.csv", "n\n1\n")
    eventually(station.head)
    station.event()
    eventually(station.rows)
    generation = station.record().generation
    HfApi(station.hub.endpoint, token="hf_me").update_repo_settings(DATASET, private=True, repo_type="dataset")
    station.event()
    eventually(lambda: station.record().visibility == "private")
    assert station.record().generation > generation
    eventually(station.rows)


def test_broken_data_becomes_an_error_that_says_so_and_good_siblings_keep_their_rows(station: Station) -> None:
    station.put("train.csv", "n\n1\n")
    station.put("test.csv", b"n\n\xff\xfe\xfa broken \x80\n")
    eventually(station.head)
    station.event()
    eventually(lambda: station.code("default", "test"))
    eventually(station.rows)
    answer = station.answer("default", "test")
    assert answer["status"] == 422
    assert "/" not in answer["json"]["error"].replace("UTF-8/", "")


def test_an_empty_dataset_says_what_to_do(station: Station) -> None:
    station.put("README.md", "# nothing yet\n")
    eventually(station.head)
    station.event()
    assert eventually(station.code) == "EmptyDatasetError"


def test_a_name_that_the_hub_does_not_know_ends_as_not_found(station: Station) -> None:
    station.event("acme/nothing")
    assert eventually(lambda: station.code(dataset="acme/nothing")) == "DatasetNotFoundError"
    assert station.record("acme/nothing").visibility == "missing"


def test_a_blocked_dataset_is_not_read_until_it_is_unblocked(station: Station) -> None:
    station.put("train.csv", "n\n1\n")
    eventually(station.head)
    assert station.records.block(DATASET)
    station.event()
    assert eventually(lambda: station.ended("datasets"))["outcome"] == "superseded"
    assert station.answer() is None
    assert station.records.unblock(DATASET)
    station.event()
    eventually(lambda: station.rows() == [{"n": 1}])
