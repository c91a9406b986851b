"""The committed samples are what the generators make, and what `expected.json` says of them is true."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import yaml

SAMPLES = Path(__file__).parent.parent
COMMITTED = SAMPLES / "datasets"
EXPECTED: dict[str, dict[str, Any]] = json.loads((SAMPLES / "expected.json").read_text("utf-8"))

CODE_OF_EXCEPTION = {
    "DataFilesNotFoundError": "DataFilesNotFoundError",
    # What `datasets` raises when the files of one config of several are missing.
    "FileNotFoundError": "DataFilesNotFoundError",
}


def _run(script: Path, *arguments: Path) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, str(script), *map(str, arguments)]
    environment = os.environ | {"HF_HUB_OFFLINE": "1", "HF_UPDATE_DOWNLOAD_COUNTS": "0"}
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, env=environment)


def _build(output: Path) -> Path:
    completed = _run(SAMPLES / "build.py", output)
    assert completed.returncode == 0, completed.stderr
    return output


def _contents(directory: Path) -> dict[str, bytes]:
    return {
        path.relative_to(directory).as_posix(): path.read_bytes() for path in directory.rglob("*") if path.is_file()
    }


def _assert_same_files(one: Path, other: Path) -> None:
    left, right = _contents(one), _contents(other)
    assert sorted(left) == sorted(right)
    assert [name for name in left if left[name] != right[name]] == []


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _build(tmp_path_factory.mktemp("samples") / "built")


@pytest.fixture(scope="module")
def loaded() -> dict[str, dict[str, Any]]:
    completed = _run(SAMPLES / "tests" / "load_with_datasets.py", COMMITTED)
    assert completed.returncode == 0, completed.stderr
    result: dict[str, dict[str, Any]] = json.loads(completed.stdout)
    return result


def test_building_twice_gives_the_same_bytes(built: Path, tmp_path: Path) -> None:
    _assert_same_files(built, _build(tmp_path / "again"))


def test_the_committed_datasets_are_what_the_generators_make(built: Path) -> None:
    _assert_same_files(built, COMMITTED)


def test_building_refuses_a_directory_with_something_in_it_and_leaves_it_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    completed = _run(SAMPLES / "build.py", tmp_path)
    assert completed.returncode != 0
    assert "not an empty directory" in completed.stderr
    assert _contents(tmp_path) == {"mine.txt": b"mine"}


def test_the_datasets_stay_under_two_megabytes() -> None:
    assert sum(map(len, _contents(COMMITTED).values())) < 2_000_000


def test_every_expected_dataset_is_on_disk_with_a_card_and_no_other_is() -> None:
    assert sorted(EXPECTED) == sorted(path.relative_to(COMMITTED).as_posix() for path in COMMITTED.glob("*/*/"))
    assert [name for name in EXPECTED if not (COMMITTED / name / "README.md").is_file()] == []


def test_the_access_file_gives_the_expected_visibility() -> None:
    access = yaml.safe_load((COMMITTED / "hub.yaml").read_text("utf-8"))["datasets"]
    restricted = {name: said["visibility"] for name, said in EXPECTED.items() if said["visibility"] != "public"}
    assert {name: "private" if rule.get("private") else "gated" for name, rule in access.items()} == restricted


@pytest.mark.parametrize("name", EXPECTED)
def test_the_datasets_library_reads_what_is_expected(name: str, loaded: dict[str, dict[str, Any]]) -> None:
    expected, actual = EXPECTED[name], loaded[name]
    if "error" in expected:
        assert CODE_OF_EXCEPTION[actual["error"]] == expected["error"]["code"]
        return
    assert actual["splits"] == expected["splits"]
    failed = [{**config, "error": {"code": CODE_OF_EXCEPTION[config["error"]]}} for config in actual["failed"]]
    assert failed == expected.get("failed", [])


@pytest.mark.parametrize("name", EXPECTED)
def test_the_readme_table_lists_the_sample_with_its_splits_and_rows(name: str) -> None:
    by_config: dict[str, list[dict[str, Any]]] = {}
    for split in EXPECTED[name].get("splits", []):
        by_config.setdefault(split["config"], []).append(split)
    splits = "; ".join(f"{config}: {', '.join(s['split'] for s in found)}" for config, found in by_config.items())
    rows = "; ".join(", ".join(str(s["num_rows"]) for s in found) for found in by_config.values())
    lines = (SAMPLES / "README.md").read_text("utf-8").splitlines()
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines if line.startswith(f"| `{name}` |")]
    assert [(row[2], row[3]) for row in cells] == [(splits, rows)]


def test_a_page_of_the_long_texts_is_over_one_megabyte() -> None:
    page = pq.read_table(COMMITTED / "samples/long-texts/chapters.parquet").slice(0, 100).to_pylist()
    assert len(json.dumps(page, ensure_ascii=False).encode()) > 1_000_000
