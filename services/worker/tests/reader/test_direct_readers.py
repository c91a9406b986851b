"""What is read directly, by a plan, is cell by cell what the library alone reads, without one."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hub.faults import Faults
from hub.testing import eventually

from services.worker.tests.corpus import (
    archives,
    csv_files,
    declared,
    embedded,
    json_lines,
    layouts,
    parquet_files,
    shards,
    value_types,
)
from services.worker.tests.corpus import case as corpus
from services.worker.tests.reader.conftest import Page, Reader
from services.worker.tests.reader.long_files import FILES

_THEMES = (archives, csv_files, declared, embedded, json_lines, layouts, parquet_files, shards, value_types)
_LIMIT_SECONDS = 60


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
        check(reader.try_to_read(dataset, config, split, **handed), by_library, dataset)


def wait_for(dataset: str, reader: Reader) -> None:
    eventually(lambda: reader.observe(dataset)["visibility"] == "public", _LIMIT_SECONDS)


def check(directly: Page | Any, by_library: Page | Any, dataset: str) -> None:
    """Where the library gives rows, the two pages are the same."""
    if not isinstance(by_library, Page):
        return
    assert isinstance(directly, Page), (dataset, directly)
    if not by_library.json["rows"]:
        # The library doesn't tell the columns of a file of no rows.
        assert directly.json["rows"] == [], dataset
        return
    assert directly.json["features"] == by_library.json["features"], dataset
    assert directly.json["rows"] == by_library.json["rows"], dataset
    assert directly.json == by_library.json, dataset
    assert directly.files == by_library.files, dataset


@pytest.mark.parametrize("namespace", ["samples", "acme", "edge"])
def test_they_give_what_the_library_gives(namespace: str, reader: Reader, datasets_directory: Path) -> None:
    for dataset in names(datasets_directory, namespace):
        compare(reader, dataset)


@pytest.fixture(scope="module")
def cases(reader: Reader, datasets_directory: Path) -> list[corpus.Case]:
    """The datasets of the corpus that can be read, in the reader's Hub."""
    cases = [case for theme in _THEMES for case in corpus.collected(theme.CASES) if _is_read(case)]
    for case in cases:
        case.put_into(datasets_directory)
    for case in cases:
        wait_for(case.dataset, reader)
    return cases


def _is_read(case: corpus.Case) -> bool:
    if isinstance(case.expected, corpus.Failure) or case.faults != Faults():
        return False
    configs = [config for config in case.expected.values() if isinstance(config, Mapping)]
    return any(isinstance(split, corpus.Page) for config in configs for split in config.values())


def test_they_give_what_the_library_gives_of_the_corpus(cases: list[corpus.Case], reader: Reader) -> None:
    assert len(cases) > 100
    for case in cases:
        for config, split, handed in splits(reader, case.dataset):
            by_library = reader.try_to_read(case.dataset, config, split, by_library=True, **handed)
            check(reader.try_to_read(case.dataset, config, split, **handed), by_library, case.dataset)


@pytest.mark.parametrize("name", FILES)
def test_they_give_what_the_library_gives_of_a_long_file(name: str, reader: Reader, datasets_directory: Path) -> None:
    case = corpus.Case(f"long-{name}", lambda: {name: FILES[name]()}, {})
    case.put_into(datasets_directory)
    wait_for(case.dataset, reader)
    compare(reader, case.dataset)
    assert len(reader.read(case.dataset).json["rows"]) == 100
