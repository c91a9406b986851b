"""Parquet: the footer, and of the first row group the pages that hold the first rows.

The library fetches whole row groups, and more, before it gives a row. Source of the format: Apache Parquet; what the
columns mean is in the schema's metadata, as `datasets` writes it, and in the dataset's card.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Self

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
from datasets.table import table_cast
from libcommon.errors import CodedError, Fault

from reader.declared import declared_sizes
from reader.direct.footers import check_columns
from reader.direct.pages import end_of_page
from reader.errors import translated
from reader.ranges import join
from reader.remote import RemoteFile, fetch_all
from reader.snapshot import Snapshot
from reader.stream import RowStream, Target

_BUFFER_BYTES = 1 << 16
# What lies close together is fetched together.
_MAX_WHOLE_BYTES = 2 << 20
_MAX_GAP_BYTES = 1 << 15
# A longer one is fetched when it is read.
_MAX_PAGE_BYTES = 16 << 20
# Where those who write files begin the next page of data by default: after so many rows or bytes, or a little later.
_USUAL_PAGE_ROWS = 20_000
_USUAL_PAGE_BYTES = 1 << 20
_LATER = 1.125
# So much is decoded at once, as far as the footer tells.
_BATCH_BYTES = 32 << 20


def open_parquet(target: Target, snapshot: Snapshot) -> RowStream | None:
    """The first rows of a split of Parquet files.

    None for a config with filters or with files that may be bad.

    Raises:
        CodedError: the footer of the first file, or a declared type, makes no sense.
    """
    builder = target.builder
    config = builder.config
    paths = snapshot.paths_of(config.data_files.get(target.split, []))
    if not paths or config.filters is not None or config.on_bad_files != "error" or config.columns is not None:
        return None
    files = _Files(snapshot, paths, target.token)
    with translated("StreamingRowsError"):
        # As in the library, the types are those of the first file of the first split.
        features = builder.info.features or _features_of_first(builder, snapshot, files)
        num_rows = files.num_rows
    if num_rows is None:
        _, num_rows = declared_sizes(builder, target.split)
    shown = datasets.Features(dict(list(features.items())[: target.max_columns]))
    return RowStream(features, _rows(files, features, shown, target.sample), num_rows)


def footer_sizes(snapshot: Snapshot, paths: Sequence[str], *, token: str | None) -> tuple[int, int] | None:
    """The uncompressed bytes and the rows of Parquet files, by their footers; None where one can't be read.

    Raises:
        CodedError: the Hub fails.
        RevisionGone: the pinned revision is not on the Hub any more.
    """
    num_bytes, num_rows = 0, 0
    try:
        with translated("StreamingRowsError"):
            fetch_all((file, (file.size - 1, file.size)) for file in _remote_files(snapshot, paths, token))
            for file in _remote_files(snapshot, paths, token):
                metadata = pq.read_metadata(file)
                num_rows += metadata.num_rows
                groups = range(metadata.num_row_groups)
                num_bytes += sum(metadata.row_group(group).total_byte_size for group in groups)
    except CodedError as error:
        if error.entry.fault is Fault.HUB:
            raise
        return None
    return num_bytes, num_rows


def _remote_files(snapshot: Snapshot, paths: Sequence[str], token: str | None) -> Iterator[RemoteFile]:
    return (RemoteFile(snapshot, path, token=token) for path in paths)


class _Files:
    """The files of a split, opened in order and once."""

    def __init__(self, snapshot: Snapshot, paths: Sequence[str], token: str | None) -> None:
        self.paths = paths
        self._snapshot = snapshot
        self._token = token
        self._opened: dict[str, tuple[RemoteFile, pq.ParquetFile]] = {}

    def open(self, path: str) -> tuple[RemoteFile, pq.ParquetFile]:
        if path not in self._opened:
            file = RemoteFile(self._snapshot, path, token=self._token)
            self._opened = {path: (file, pq.ParquetFile(file, pre_buffer=False, buffer_size=_BUFFER_BYTES))}
        return self._opened[path]

    @property
    def num_rows(self) -> int | None:
        """How many rows there are, if that takes no further request."""
        if len(self.paths) > 1:
            return None
        return int(self.open(self.paths[0])[1].metadata.num_rows)


def _features_of_first(builder: Any, snapshot: Snapshot, files: _Files) -> datasets.Features:
    first = next(iter(builder.config.data_files.values()))[0].removeprefix(snapshot.root)
    if first not in files.paths:
        try:
            return _features(first, files)
        except (pa.ArrowException, ValueError):
            pass  # that split is broken, and this one need not be
    return _features(files.paths[0], files)


def _features(path: str, files: _Files) -> datasets.Features:
    schema = files.open(path)[1].schema_arrow
    try:
        return datasets.Features.from_arrow_schema(schema)
    except (json.JSONDecodeError, KeyError, TypeError):
        # What the library wrote beside the columns is damaged, and they are not.
        return datasets.Features.from_arrow_schema(schema.remove_metadata())


def _rows(files: _Files, features: datasets.Features, shown: datasets.Features, sample: int) -> Iterator[pa.Table]:
    left = sample
    for path in files.paths:
        with translated("StreamingRowsError"):
            file, parquet = files.open(path)
            names = _columns(parquet, features, shown)
        for group in range(parquet.metadata.num_row_groups):
            promised = parquet.metadata.row_group(group).num_rows
            if promised == 0:
                continue
            with translated("StreamingRowsError"):
                check_columns(parquet.metadata, file.size, group, names)
                _fetch_first_pages(file, parquet, group, names)
            for table in _tables(path, parquet, group, names, left):
                with translated("StreamingRowsError"):
                    cast = table_cast(table, shown.arrow_schema)
                for number in range(cast.num_rows):
                    yield cast.slice(number, 1)
                left -= cast.num_rows
                promised -= cast.num_rows
                if left <= 0:
                    return
            if promised > 0:  # pyarrow takes the length of a group from its first column
                raise CodedError("CorruptDataError", f"{path} is damaged inside: upload it again.")


def _tables(path: str, parquet: pq.ParquetFile, group: int, names: Sequence[str], sample: int) -> Iterator[pa.Table]:
    """The rows of a row group of the file at `path`, as many at once as are not too long together."""
    length = max(1, min(sample, _BATCH_BYTES // _bytes_of_row(parquet, group, names)))
    with translated("StreamingRowsError"):
        for batch in parquet.iter_batches(length, row_groups=[group], columns=names, use_threads=False):
            yield pa.Table.from_batches([batch])


def _bytes_of_row(parquet: pq.ParquetFile, group: int, names: Sequence[str]) -> int:
    """What a row of a row group may take decoded: each may have the longest text of the group, which is there once."""
    metadata = parquet.metadata.row_group(group)
    chunks = _chunks(parquet, group, set(names))
    texts = sum(chunk.total_uncompressed_size for chunk in chunks if chunk.physical_type == "BYTE_ARRAY")
    return max(1, int(texts + metadata.total_byte_size // metadata.num_rows))


def _columns(parquet: pq.ParquetFile, features: datasets.Features, shown: datasets.Features) -> list[str]:
    """The columns to read. When the file has others than the split, all of them, for the cast to tell."""
    names = parquet.schema_arrow.names
    return list(shown) if sorted(names) == sorted(features) else names


def _fetch_first_pages(file: RemoteFile, parquet: pq.ParquetFile, group: int, names: Sequence[str]) -> None:
    """Fetches the pages that hold the first rows of a row group's columns: of all of them at once."""
    chunks = [_Chunk.of(column) for column in _chunks(parquet, group, set(names))]
    if sum(chunk.end - chunk.begin for chunk in chunks) <= _MAX_WHOLE_BYTES:
        whole = join(((chunk.begin, chunk.end) for chunk in chunks), gap=_MAX_GAP_BYTES, max_bytes=_MAX_WHOLE_BYTES)
        fetch_all((file, part) for part in whole)
        return
    # Of each, the dictionary if there is one, and what may be all of the first page of data.
    usual = {chunk: chunk.usual_page_bytes(parquet.metadata.row_group(group).num_rows) for chunk in chunks}
    first = {chunk: (chunk.begin, chunk.end_of_buffer(chunk.data + usual[chunk])) for chunk in chunks}
    fetch_all((file, part) for part in join(first.values(), gap=0, max_bytes=_MAX_WHOLE_BYTES))
    rest = []
    for chunk, (_, fetched) in first.items():
        end = chunk.end_of_buffer(end_of_page(file.fetch((chunk.data, fetched)), chunk.data))
        if 0 < end - fetched <= _MAX_PAGE_BYTES:
            rest.append((file, (fetched, end)))
    fetch_all(rest)


@dataclass(frozen=True, slots=True)
class _Chunk:
    """Where a column is in a row group, and in it the first page of data, which a dictionary may precede."""

    begin: int
    data: int
    end: int

    @classmethod
    def of(cls, column: pq.ColumnChunkMetaData) -> Self:
        begin = data = column.data_page_offset
        if column.has_dictionary_page and column.dictionary_page_offset is not None:
            begin = min(begin, column.dictionary_page_offset)
        return cls(begin, data, begin + column.total_compressed_size)

    def usual_page_bytes(self, rows: int) -> int:
        """What a page of data takes with its header, of a chunk with so many rows, unless it was written unusually."""
        of_rows = (self.end - self.data) * _USUAL_PAGE_ROWS / rows
        return int(min(of_rows, _USUAL_PAGE_BYTES) * _LATER)

    def end_of_buffer(self, position: int) -> int:
        """Up to where a chunk is read to have it up to `position`: a buffer at a time."""
        buffers = -(-(position - self.begin) // _BUFFER_BYTES)
        return min(self.begin + buffers * _BUFFER_BYTES, self.end)


def _chunks(parquet: pq.ParquetFile, group: int, names: set[str]) -> Iterator[pq.ColumnChunkMetaData]:
    """What the footer says of the columns with these names in a row group."""
    row_group = parquet.metadata.row_group(group)
    for number in range(row_group.num_columns):
        # That of the schema: nobody else reads the one in the group, and it may be damaged.
        path = parquet.schema.column(number).path
        # A nested column has a path; names may have dots, too.
        if path in names or path.split(".")[0] in names:
            yield row_group.column(number)
