"""A push that changes nothing that answers depend on gives them the new revision; any other has them made again."""

from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pytest
from hub.testing import eventually
from huggingface_hub import HfApi
from libcache.answers import Answer, AnswerKey, Kind
from libcommon.errors import CodedError
from PIL import Image

from services.worker.tests.station import DATASET, Station

SECONDS = 60
CARD = "---\nconfigs:\n- config_name: default\n  data_files: '*.csv'\n---\n"


@pytest.fixture
def station(staffed_station: Station) -> Iterator[Station]:
    yield staffed_station
    staffed_station.clear()


def preview(station: Station, **files: str | bytes) -> None:
    """A dataset of these files, with its answers."""
    for name, content in files.items():
        station.put(name.replace("__", "."), content)
    eventually(lambda: in_hub(station) == len(files), SECONDS)
    follow(station)
    eventually(station.rows, SECONDS)
    station.settle()
    # A job is noted a moment after it left the queue.
    eventually(lambda: runs(station) == len(station.answer()["splits"]), SECONDS)


def in_hub(station: Station) -> int:
    described = station.hub.http.get(f"/api/datasets/{DATASET}").json()
    return len(described.get("siblings", []))


def push(station: Station, name: str, content: str | bytes) -> str:
    """Changes one file, and has the workers follow; returns the new revision."""
    before = station.head()
    station.put(name, content)
    eventually(lambda: station.head() != before, SECONDS)
    follow(station)
    head = station.head()
    assert head is not None
    assert head != before
    return head


def follow(station: Station) -> None:
    station.event()
    station.settle()


def runs(station: Station) -> int:
    """How many jobs of splits ended so far."""
    return int(station.queue_database["history"].count_documents({"type": "splits"}))


def made(station: Station) -> Any:
    """When the listing and the page were made."""
    return station.answer()["written_at"], station.answer("default", "train")["written_at"]


def labels(station: Station) -> set[str]:
    """The revisions that the answers show."""
    return {answer["revision"] for answer in station.cache_database["answers"].find({"dataset": DATASET})}


@pytest.mark.parametrize("card", ["", CARD])
def test_a_push_of_text_of_the_readme_gives_the_answers_its_revision_and_runs_nothing(
    station: Station, card: str
) -> None:
    preview(station, train__csv="n\n1\n", README__md=f"{card}# before\n")
    before = runs(station), made(station)
    head = push(station, "README.md", f"{card}# after\n")
    assert labels(station) == {head, station.record().revision}
    assert (runs(station), made(station)) == before
    assert station.rows() == [{"n": 1}]
    assert not station.record().refreshing


def test_a_readme_without_configs_that_comes_later_is_text_too(station: Station) -> None:
    preview(station, train__csv="n\n1\n")
    before = runs(station)
    head = push(station, "README.md", "# nothing but text\n")
    assert (labels(station), runs(station)) == ({head}, before)


def test_a_config_that_comes_into_the_readme_is_listed_and_read(station: Station) -> None:
    preview(station, train__csv="n\n1\n", README__md=f"{CARD}# before\n")
    push(station, "README.md", CARD.replace("default", "renamed"))
    assert [entry["config"] for entry in station.answer()["json"]["splits"]] == ["renamed"]
    assert station.rows("renamed") == [{"n": 1}]
    assert station.answer("default", "train") is None


def test_an_error_in_the_readme_stays_with_the_text_below_it_and_goes_with_its_mending(station: Station) -> None:
    preview(station, train__csv="n\n1\n", README__md=CARD)
    broken = "---\nconfigs: [\n---\n"
    push(station, "README.md", broken)
    assert station.code() == "InvalidDatasetCardError"
    written = station.answer()["written_at"]
    head = push(station, "README.md", f"{broken}# text\n")
    assert (station.code(), station.answer()["written_at"], labels(station)) == (
        "InvalidDatasetCardError",
        written,
        {head},
    )
    push(station, "README.md", CARD)
    assert station.rows() == [{"n": 1}]


def test_an_error_of_a_byte_in_the_text_of_the_readme_goes_with_its_mending(station: Station) -> None:
    preview(station, train__csv="n\n1\n", README__md=CARD)
    push(station, "README.md", CARD.encode() + b"caf\xe9\n")
    assert station.answer()["status"] == 422
    push(station, "README.md", f"{CARD}café\n")
    assert station.rows() == [{"n": 1}]


def test_data_that_changed_is_read_again(station: Station) -> None:
    preview(station, train__csv="n\n1\n", README__md="# text\n")
    head = push(station, "train.csv", "n\n2\n")
    assert station.rows() == [{"n": 2}]
    assert labels(station) == {head}


def test_an_error_of_the_data_gets_the_new_revision_as_rows_do(station: Station) -> None:
    preview(station, train__csv="n\n1\n", test__csv=b"n\n\xff\xfe\xfa broken \x80\n")
    assert station.answer("default", "test")["status"] == 422
    before = runs(station)
    head = push(station, "README.md", "# text\n")
    assert (labels(station), runs(station)) == ({head}, before)


def test_a_page_that_ended_with_an_error_of_the_hub_is_read_again_and_the_others_are_not(station: Station) -> None:
    preview(station, train__csv="n\n1\n", test__csv="n\n3\n")
    key = AnswerKey(Kind.FIRST_ROWS, DATASET, "default", "test")
    station.cache_database["answers"].delete_one(key.filter)
    failed = station.records.raise_fence(DATASET)
    station.answers.write(key, Answer.of_error(CodedError("HfHubError", "later")), failed, failed.revision)
    before = runs(station), made(station)
    head = push(station, "README.md", "# text\n")
    assert labels(station) == {head}
    assert station.rows(split="test") == [{"n": 3}]
    eventually(lambda: runs(station) == before[0] + 1, SECONDS)
    assert made(station) == before[1]


def test_files_that_a_relabelled_page_names_stay_where_they_are(station: Station) -> None:
    picture = BytesIO()
    Image.new("RGB", (8, 4)).save(picture, "PNG")
    preview(station, **{"train/a__png": picture.getvalue()})
    head = push(station, "README.md", "# text\n")
    assert labels(station) == {head}
    (row,) = station.rows()
    assert station.assets.joinpath(row["image"]["src"].removeprefix("/assets/")).read_bytes() == picture.getvalue()


def test_a_push_of_text_that_also_hides_the_dataset_has_its_answers_made_again(station: Station) -> None:
    preview(station, train__csv="n\n1\n")
    before = runs(station), station.record().generation
    HfApi(station.hub.endpoint, token="hf_me").update_repo_settings(DATASET, private=True, repo_type="dataset")
    push(station, "README.md", "# text\n")
    assert station.record().generation > before[1]
    assert station.rows() == [{"n": 1}]
    eventually(lambda: runs(station) == before[0] + 1, SECONDS)
