"""Takes files out of compressed ones and archives, and puts others in their place: more code sees the damage then."""

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
from collections.abc import Callable
from functools import partial

import pyarrow as pa

Pack = Callable[[bytes], bytes]
"""From another content of the file inside to the file around it."""


def inside_of(name: str, data: bytes) -> list[tuple[bytes, Pack]]:
    """The files inside of one: of each its content, and how another content gets there.

    Raises what the libraries raise for one that is damaged.
    """
    suffix = name.rpartition(".")[2]
    if suffix in COMPRESSIONS:
        unpack, pack = COMPRESSIONS[suffix]
        return [(unpack(data), pack)]
    match suffix.lower():
        case "zip":
            return _inside_of_zip(data)
        case "tar":
            return _inside_of_tar(data)
    return []


def _unpacked_by_arrow(codec: str, data: bytes) -> bytes:
    with pa.CompressedInputStream(pa.BufferReader(data), codec) as stream:
        unpacked: bytes = stream.read()
    return unpacked


def _packed_by_arrow(codec: str, content: bytes) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, codec) as stream:
        stream.write(content)
    packed: bytes = sink.getvalue().to_pybytes()
    return packed


COMPRESSIONS: dict[str, tuple[Pack, Pack]] = {
    "gz": (gzip.decompress, partial(gzip.compress, mtime=0)),
    "bz2": (bz2.decompress, bz2.compress),
    "xz": (lzma.decompress, lzma.compress),
    "zst": (partial(_unpacked_by_arrow, "zstd"), partial(_packed_by_arrow, "zstd")),
    "lz4": (partial(_unpacked_by_arrow, "lz4"), partial(_packed_by_arrow, "lz4")),
}
"""How to unpack and to pack, by the suffix."""


def _inside_of_zip(data: bytes) -> list[tuple[bytes, Pack]]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = [(info, archive.read(info)) for info in archive.infolist()]

    def packed_with(number: int) -> Pack:
        def pack(content: bytes) -> bytes:
            packed = io.BytesIO()
            with zipfile.ZipFile(packed, "w") as archive:
                for index, (info, old) in enumerate(members):
                    archive.writestr(zipfile.ZipInfo(info.filename), content if index == number else old)
            return packed.getvalue()

        return pack

    return [(content, packed_with(number)) for number, (_, content) in enumerate(members)]


def _inside_of_tar(data: bytes) -> list[tuple[bytes, Pack]]:
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        opened = [(info, archive.extractfile(info)) for info in archive if info.isfile()]
        members = [(info, file.read()) for info, file in opened if file is not None]

    def packed_with(number: int) -> Pack:
        def pack(content: bytes) -> bytes:
            packed = io.BytesIO()
            with tarfile.open(fileobj=packed, mode="w") as archive:
                for index, (info, old) in enumerate(members):
                    entry = tarfile.TarInfo(info.name)
                    new = content if index == number else old
                    entry.size = len(new)
                    archive.addfile(entry, io.BytesIO(new))
            return packed.getvalue()

        return pack

    return [(content, packed_with(number)) for number, (_, content) in enumerate(members)]
