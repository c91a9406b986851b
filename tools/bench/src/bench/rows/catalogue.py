"""The datasets that are read: what is in each, in full and in a small form."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from bench.rows import images, tables


class Kind(StrEnum):
    """What is aimed at differs by that."""

    ONE_ROW_GROUP = "a large Parquet file of one row group"
    ROW_GROUPS = "a large Parquet file of several row groups"
    OTHER = "anything else"


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much there is of everything."""

    small_rows: int
    csv_rows: int
    parquet_rows: int
    shards: int
    shard_rows: int
    images: int
    configs: int


FULL = Sizes(
    small_rows=1_000,
    csv_rows=1_280_000,
    parquet_rows=1_530_000,
    shards=200,
    shard_rows=1_000,
    images=1_000,
    configs=100,
)
SMALL = Sizes(small_rows=200, csv_rows=2_000, parquet_rows=30_000, shards=3, shard_rows=200, images=100, configs=3)


@dataclass(frozen=True, slots=True)
class Dataset:
    """A dataset that `write` puts into a folder that isn't there yet; `splits` tells how many it has."""

    name: str
    write: Callable[[Path, Sizes], None]
    kind: Kind = Kind.OTHER
    splits: Callable[[Sizes], int] = lambda sizes: 1


def _small_csv(folder: Path, sizes: Sizes) -> None:
    tables.write_small_csv(folder / "data.csv", sizes.small_rows)


def _large_csv(folder: Path, sizes: Sizes) -> None:
    tables.write_csv(folder / "data.csv", sizes.csv_rows)


def _parquet(row_groups: int) -> Callable[[Path, Sizes], None]:
    def write(folder: Path, sizes: Sizes) -> None:
        tables.write_parquet(folder / "data.parquet", sizes.parquet_rows, row_groups)

    return write


def _shards(folder: Path, sizes: Sizes) -> None:
    for shard in range(sizes.shards):
        path = folder / f"data/train-{shard:05}-of-{sizes.shards:05}.parquet"
        tables.write_parquet(path, sizes.shard_rows)


def _configs(folder: Path, sizes: Sizes) -> None:
    lines = ["---", "configs:"]
    for number in range(sizes.configs):
        tables.write_small_csv(folder / f"{number}.csv", sizes.small_rows, seed=number)
        lines += [f"- config_name: config-{number}", f'  data_files: "{number}.csv"']
    (folder / "README.md").write_text("\n".join((*lines, "---", "")))


def _image_folder(folder: Path, sizes: Sizes) -> None:
    images.write_folder(folder / "train", sizes.images)


def _image_parquet(folder: Path, sizes: Sizes) -> None:
    images.write_parquet(folder / "data.parquet", sizes.images)


def _webdataset(folder: Path, sizes: Sizes) -> None:
    images.write_webdataset(folder / "data.tar", sizes.images)


def _image_zip(folder: Path, sizes: Sizes) -> None:
    images.write_zip(folder / "data.zip", sizes.images)


DATASETS: Sequence[Dataset] = (
    Dataset("small-csv", _small_csv),
    Dataset("large-csv", _large_csv),
    Dataset("parquet-1-group", _parquet(1), Kind.ONE_ROW_GROUP),
    Dataset("parquet-15-groups", _parquet(15), Kind.ROW_GROUPS),
    Dataset("parquet-1500-groups", _parquet(1500), Kind.ROW_GROUPS),
    Dataset("image-folder", _image_folder),
    Dataset("image-parquet", _image_parquet),
    Dataset("webdataset", _webdataset),
    Dataset("image-zip", _image_zip),
    Dataset("parquet-shards", _shards),
    Dataset("configs", _configs, splits=lambda sizes: sizes.configs),
)
