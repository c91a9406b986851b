"""What a Parquet footer says of a row group's columns is looked at by a reader before Python asks for it.

Of a damaged one a reader raises, where `pyarrow.parquet.ColumnChunkMetaData` ends the process.
"""

from typing import Any

import pyarrow.parquet as pq

from reader.remote import Seekable


class _BytesAskedError(Exception):
    pass


class _WithoutBytes(Seekable):
    """A file that can't be read."""

    def readinto(self, _: Any) -> int:
        raise _BytesAskedError


def check_columns(metadata: pq.FileMetaData, size: int, group: int, names: list[str]) -> None:
    """Look at the columns with these names in a row group of a file of `size` bytes.

    Raises:
        OSError, pyarrow.ArrowException: what is said of one makes no sense.
    """
    parquet = pq.ParquetFile(_WithoutBytes(size), metadata=metadata, pre_buffer=False, buffer_size=1)
    try:
        next(parquet.iter_batches(1, row_groups=[group], columns=names, use_threads=False), None)
    except _BytesAskedError:
        return
