"""Datasets that cannot be listed say what to change; one bad config leaves the others alone."""

from typing import Any

import pytest


@pytest.mark.parametrize(
    ("dataset", "code", "says"),
    [
        ("no-files", "EmptyDatasetError", "add some"),
        ("card-only", "EmptyDatasetError", "add some"),
        ("script", "DatasetWithScriptNotSupportedError", "delete the script"),
        ("bad-yaml", "InvalidDatasetCardError", "README.md"),
        ("bad-data-files", "InvalidDatasetCardError", "configs"),
        ("bad-feature", "InvalidDatasetCardError", "dataset_info"),
        ("mixed-formats", "FileFormatMismatchBetweenSplitsError", "one format"),
    ],
)
def test_a_dataset_that_cannot_be_listed_gets_its_code_and_an_advice(
    dataset: str, code: str, says: str, reader: Any
) -> None:
    answer = reader.list(f"edge/{dataset}")
    assert answer["error"] == code
    assert says in answer["body"]["error"]
    assert answer["body"]["cause_exception"]


@pytest.mark.parametrize(
    "dataset", ["outside-path", "outside-parent", "outside-dataset", "outside-address", "outside-directory"]
)
def test_data_files_outside_of_the_dataset_are_never_opened(dataset: str, reader: Any) -> None:
    listing = reader.list(f"edge/{dataset}")
    assert listing["splits"] == [["c0", "train", None, None]]
    code, body = listing["failed"]["c1"]
    assert code == "DataFilesNotFoundError"
    assert "outside of the dataset" in body["error"]
    assert body["cause_exception"] == "OutsideDatasetError"


def test_a_revision_that_is_gone_starts_the_job_again(reader: Any) -> None:
    assert reader.list("samples/bakery-sales", revision="0" * 40) == {"error": "RevisionGone"}
    assert reader.try_to_read("samples/bakery-sales", revision="0" * 40) == {"error": "RevisionGone"}


def test_a_dataset_that_is_gone_starts_the_job_again(reader: Any) -> None:
    assert reader.list("samples/nothing", revision="0" * 40) == {"error": "RevisionGone"}


def test_a_gated_dataset_without_access_is_an_error_of_its_own(reader: Any) -> None:
    answer = reader.list("acme/gated-survey", token=None)
    assert answer["error"] == "DatasetNotFoundError"
    assert "gated" in answer["body"]["error"]


def test_an_unknown_config_or_split_has_a_code(reader: Any) -> None:
    assert reader.try_to_read("samples/bakery-sales", "nothing")["error"] == "ConfigNamesError"
    assert reader.try_to_read("samples/bakery-sales", "default", "nothing")["error"] == "SplitsNamesError"


def test_a_folder_of_the_working_directory_is_not_taken_for_a_dataset(reader: Any) -> None:
    assert reader.list("services/worker", revision="0" * 40) == {"error": "RevisionGone"}
