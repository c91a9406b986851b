"""Contents of files that several themes need."""

import io
import zipfile
from collections.abc import Mapping, Sequence

import pyarrow as pa

from services.worker.tests.reader.edge_cases import parquet


def paths_of(kind: str, paths: Sequence[str | None]) -> bytes:
    """A Parquet file with a column `m` of media that holds paths and no bytes."""
    column = [None if path is None else {"bytes": None, "path": path} for path in paths]
    return embedded(kind, column)


def embedded(kind: str, column: Sequence[Mapping[str, object] | None]) -> bytes:
    """A Parquet file with a column `m` of media, as the `datasets` library writes it."""
    storage = pa.struct({"bytes": pa.binary(), "path": pa.string()})
    return parquet(pa.table({"m": pa.array(column, storage)}), {"m": {"_type": kind}})


def zipped(files: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    """A zip archive, the same each time: its members have no times."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content, compression)
    return data.getvalue()


def zstandard(data: bytes) -> bytes:
    """`data` in one Zstandard frame."""
    compressed: bytes = pa.Codec("zstd").compress(data, asbytes=True)
    return compressed
