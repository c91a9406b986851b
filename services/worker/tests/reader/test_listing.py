"""Datasets that cannot be listed say what to change; one bad config leaves the others alone."""

from pathlib import Path
from typing import Any

import pytest
from hub.testing import RunningHub, eventually
from huggingface_hub import HfApi

from services.worker.tests.corpus.case import Case
from services.worker.tests.reader.edge_cases import card


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
    plan = reader.list("samples/bakery-sales")["plans"]["default"]
    assert reader.try_to_read("samples/bakery-sales", "default", "nothing", plan=plan)["error"] == "SplitsNamesError"


def test_a_folder_of_the_working_directory_is_not_taken_for_a_dataset(reader: Any) -> None:
    assert reader.list("services/worker", revision="0" * 40) == {"error": "RevisionGone"}


def test_a_private_dataset_whose_files_are_too_many_to_know_is_told_of_a_split_without_a_file(
    reader: Any, hub: RunningHub, datasets_directory: Path
) -> None:
    case = Case(
        "private",
        lambda: {
            "README.md": card(
                "configs:\n- config_name: x\n  data_files:\n"
                "  - split: a\n    path: '*.csv'\n  - split: b\n    path: '*.bin'"
            ),
            "1.csv": b"a\n1\n",
            "1.bin": b"x",
        },
        {},
    )
    case.put_into(datasets_directory)
    eventually(lambda: reader.observe(case.dataset)["visibility"] == "public", 60)
    HfApi(hub.endpoint, token="hf_me").update_repo_settings(case.dataset, repo_type="dataset", private=True)
    answer = reader.list(case.dataset, max_files=0)
    assert answer["error"] == "DataFilesNotFoundError"
    assert "supported format" in answer["body"]["error"]
