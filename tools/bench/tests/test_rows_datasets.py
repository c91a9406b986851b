"""The datasets of `bench rows`, in their small form."""

import itertools
from pathlib import Path
from typing import Any

import datasets
import pyarrow.parquet as pq
import pytest
from bench.rows.catalogue import DATASETS, SMALL, Dataset
from PIL.Image import Image

ROWS = 100
BY_NAME = {dataset.name: dataset for dataset in DATASETS}
OF_IMAGES = ["image-folder", "image-parquet", "image-zip"]
each = pytest.mark.parametrize("dataset", DATASETS, ids=lambda dataset: dataset.name)


@each
def test_the_library_finds_the_splits_and_the_first_rows(tmp_path: Path, dataset: Dataset) -> None:
    folder = written(dataset, tmp_path)
    configs = datasets.get_dataset_config_names(str(folder))
    assert len(configs) == dataset.splits(SMALL)
    rows = first_rows(folder, configs[0])
    assert len(rows) == ROWS
    assert len({str(row) for row in rows}) == ROWS


@each
def test_it_is_written_the_same_each_time(tmp_path: Path, dataset: Dataset) -> None:
    assert content(written(dataset, tmp_path / "one")) == content(written(dataset, tmp_path / "other"))


@pytest.mark.parametrize(("name", "count"), [("parquet-1-group", 1), ("parquet-15-groups", 15)])
def test_a_parquet_file_has_the_row_groups_of_its_name(tmp_path: Path, name: str, count: int) -> None:
    metadata = pq.ParquetFile(written(BY_NAME[name], tmp_path) / "data.parquet").metadata
    assert (metadata.num_row_groups, metadata.num_rows) == (count, SMALL.parquet_rows)


def test_parquet_files_of_one_size_hold_the_same_rows(tmp_path: Path) -> None:
    one, many = (
        pq.read_table(written(BY_NAME[name], tmp_path) / "data.parquet")
        for name in ("parquet-1-group", "parquet-1500-groups")
    )
    assert one.equals(many)


@pytest.mark.parametrize("name", OF_IMAGES)
def test_images_are_decoded_by_the_library(tmp_path: Path, name: str) -> None:
    rows = first_rows(written(BY_NAME[name], tmp_path), "default")
    assert all(isinstance(row["image"], Image) for row in rows)


def test_samples_of_a_webdataset_have_an_image_with_its_caption(tmp_path: Path) -> None:
    rows = first_rows(written(BY_NAME["webdataset"], tmp_path), "default")
    assert all(isinstance(row["jpg"], Image) for row in rows)
    assert [row["json"]["caption"] for row in rows[:2]] == ["This is image 0.", "This is image 1."]


def written(dataset: Dataset, directory: Path) -> Path:
    folder = directory / dataset.name
    dataset.write(folder, SMALL)
    return folder


def first_rows(folder: Path, config: str) -> list[dict[str, Any]]:
    rows = datasets.load_dataset(str(folder), config, split="train", streaming=True)
    return list(itertools.islice(rows, ROWS))


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
