"""What a Parquet footer says of a row group's columns is looked at by a reader before Python asks for it.

Of a damaged one a reader raises, where `pyarrow.parquet.ColumnChunkMetaData` ends the process.
"""

import io
from typing import Any

import pyarrow.parquet as pq


class _BytesAskedError(Exception):
    pass


class _WithoutBytes(io.RawIOBase):
    """A file of a known size that can't be read."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self._size = size
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._position = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence] + offset
        return self._position

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
