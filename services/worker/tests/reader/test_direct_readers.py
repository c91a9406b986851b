"""What is read directly, by a plan, is cell by cell what the library alone reads, without one."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from services.worker.tests.reader.conftest import Page, Reader


def splits(reader: Reader, dataset: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Each config and split of a dataset with what listing hands on."""
    listing = reader.list(dataset)
    for config, split, *_ in listing.get("splits", []):
        yield config, split, {"sizes": listing["sizes"], "plan": listing["plans"].get(config)}


def names(datasets_directory: Path, namespace: str) -> list[str]:
    return sorted(f"{namespace}/{folder.name}" for folder in (datasets_directory / namespace).iterdir())


def compare(reader: Reader, dataset: str) -> None:
    for config, split, handed in splits(reader, dataset):
        by_library = reader.try_to_read(dataset, config, split, by_library=True)
        directly = reader.try_to_read(dataset, config, split, **handed)
        if not isinstance(by_library, Page):
            continue
        assert isinstance(directly, Page), (dataset, directly)
        if not by_library.json["rows"]:
            # The library doesn't tell the columns of a file of no rows.
            assert directly.json["rows"] == [], dataset
            continue
        assert directly.json["features"] == by_library.json["features"], dataset
        assert directly.json["rows"] == by_library.json["rows"], dataset
        assert directly.json == by_library.json, dataset
        assert directly.files == by_library.files, dataset


@pytest.mark.parametrize("namespace", ["samples", "acme", "edge"])
def test_they_give_what_the_library_gives(namespace: str, reader: Reader, datasets_directory: Path) -> None:
    for dataset in names(datasets_directory, namespace):
        compare(reader, dataset)
