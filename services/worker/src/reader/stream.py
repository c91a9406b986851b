"""The rows of a split, one after another, as the `datasets` library streams or downloads them.

A row is an Arrow table of one row, not Python values: Arrow holds values that Python doesn't (the year 20,000), and one
such cell must not take its row with it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import datasets
import pyarrow as pa
from datasets.features.features import require_decoding
from huggingface_hub import HfFileSystem
from libcommon.errors import CodedError

from reader.declared import declared_sizes
from reader.errors import translated
from reader.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class RowStream:
    """The columns of a split and its rows, media not decoded; `num_rows` is how many it has, where that is known.

    `rows` raises `CodedError` or `RevisionGone` at a row that cannot be read.
    """

    features: datasets.Features
    rows: Iterator[pa.Table]
    num_rows: int | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """A split of a `datasets.DatasetBuilder` to be read, the token for it, and what is known of the revision.

    At least `sample` rows and `max_columns` columns are wanted, if there are so many. What has to be downloaded whole
    may have `max_download_bytes`.
    """

    builder: Any
    split: str
    snapshot: Snapshot | None
    token: str | None
    sample: int
    max_columns: int
    max_download_bytes: int


def open_by_library(target: Target) -> RowStream:
    """Open a split as the `datasets` library streams it; what can't be streamed is downloaded.

    Formats that declare no types get them from the first `target.sample` rows; no more of those are given.

    Raises:
        CodedError: the split cannot be opened.
        RevisionGone: the pinned revision is not on the Hub any more.
    """
    _, num_rows = declared_sizes(target.builder, target.split)
    with translated("StreamingRowsError"):
        try:
            dataset = target.builder.as_streaming_dataset(split=target.split)
        except NotImplementedError as error:
            dataset, num_rows = _download(target.builder, target.split, target.max_download_bytes, error)
        # Each time a copy, which of thousands of columns takes seconds; so does what follows.
        features = dataset.features
        if features is None:
            return _infer(dataset, target.sample, num_rows)
        if any(require_decoding(feature) for feature in features.values()):
            dataset = dataset.decode(False)
        return RowStream(features, _one_by_one(dataset), num_rows)


def _download(builder: Any, split: str, max_bytes: int, reason: NotImplementedError) -> tuple[Any, int]:
    files = HfFileSystem(endpoint=datasets.config.HF_ENDPOINT, token=builder.token)
    size = sum(files.info(file)["size"] for of_split in builder.config.data_files.values() for file in of_split)
    if size > max_bytes:
        raise CodedError(
            "StreamingRowsError",
            f"The data files have to be downloaded to be read, and have {size} bytes where at most {max_bytes} are "
            "allowed: convert them to Parquet, CSV or JSON Lines, or pack files into zip archives.",
        ) from reason
    builder.download_and_prepare(verification_mode="no_checks")
    dataset = builder.as_dataset(split=split)
    return dataset.to_iterable_dataset(), dataset.num_rows


def _infer(dataset: Any, sample: int, num_rows: int | None) -> RowStream:
    """CSV and text have types of their own in each file, and in each block of one: find types that suit them all."""
    rows, schema, failure = list[pa.Table](), pa.schema([]), None
    try:
        for row in islice(_one_by_one(dataset), sample):
            with translated("StreamingRowsError"):
                schema = pa.unify_schemas([schema, _known_types(row)], promote_options="permissive")
            rows.append(row)
    except CodedError as error:
        if not rows:
            raise
        failure = error

    def again() -> Iterator[pa.Table]:
        for row in rows:
            yield _fitted(row, schema)
        if failure is not None:
            raise failure

    return RowStream(datasets.Features.from_arrow_schema(schema), again(), num_rows)


def _known_types(row: pa.Table) -> pa.Schema:
    """The schema of one row as far as its values tell: pandas has a type for columns without any."""
    return pa.schema(
        [
            (field.name, _plain(field.type) if column[0].is_valid else pa.null())
            for field, column in zip(row.schema, row.columns, strict=True)
        ]
    )


def _plain(arrow_type: pa.DataType) -> pa.DataType:
    return pa.string() if arrow_type == pa.large_string() else arrow_type


def _fitted(row: pa.Table, schema: pa.Schema) -> pa.Table:
    known = {field.name for field in _known_types(row) if field.type != pa.null()}
    columns = [row[field.name].cast(field.type) if field.name in known else pa.nulls(1, field.type) for field in schema]
    return pa.Table.from_arrays(columns, schema=schema)


def _one_by_one(dataset: Any) -> Iterator[pa.Table]:
    with translated("StreamingRowsError"):
        yield from dataset.with_format("arrow").iter(batch_size=1)
