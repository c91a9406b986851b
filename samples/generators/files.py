"""Writers of the file formats the samples use, each with the same bytes for the same content on any machine."""

import csv
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
import yaml

Row = Mapping[str, Any]
Generator = Callable[[Path], None]
"""Writes the files of one dataset into the folder it is given."""


def write_text(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode("utf-8"))


def write_bytes(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def write_card(folder: Path, title: str, sentence: str, **front_matter: Any) -> None:
    """Write the README.md of a dataset: YAML front matter, a title, one sentence about what the sample shows."""
    metadata = {"pretty_name": title, "license": "apache-2.0", **front_matter}
    header = yaml.safe_dump(metadata, sort_keys=False, allow_unicode=True)
    write_text(folder / "README.md", f"---\n{header}---\n# {title}\n\n{sentence}\n")


def write_csv(path: Path, rows: Sequence[Row]) -> None:
    """Write the rows as CSV with the first row's keys as the header; None becomes an empty field."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def write_json_lines(path: Path, rows: Sequence[Row]) -> None:
    write_text(path, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))


def write_parquet(path: Path, rows: Sequence[Row], features: datasets.Features) -> int:
    """Write the rows as Parquet with the features in the "huggingface" schema metadata, as `push_to_hub` does.

    Values are as Parquet stores them: a class label is its index, an image its `{"bytes", "path"}`.

    Returns the size of the rows in memory, in bytes: what a card calls `num_bytes`.
    """
    table = pa.Table.from_pylist(list(rows), schema=features.arrow_schema)
    path.parent.mkdir(parents=True, exist_ok=True)
    # zstd: for one version of the library its output does not depend on the processor, unlike snappy's.
    pq.write_table(table, path, compression="zstd")
    return int(table.nbytes)
