"""Little files that become huge, and other data made to cost time or memory."""

import gzip
import io
import zipfile
import zlib

import pyarrow as pa
import pyarrow.parquet as pq

from services.worker.tests.corpus.case import Case, Failure, Page, only
from services.worker.tests.corpus.contents import zipped
from services.worker.tests.corpus.images import IMAGE, shown
from services.worker.tests.corpus.media import Kept
from services.worker.tests.reader.edge_cases import README, card, lines, picture

_PNG = picture()
_MEGABYTE = 1_000_000


def zip_of_zeros(name: str, megabytes: int) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive, archive.open(zipfile.ZipInfo(name), "w") as file:
        for _ in range(megabytes):
            file.write(b"0" * _MEGABYTE)
    return data.getvalue()


def _gzip_of_zeros(megabytes: int) -> bytes:
    data = io.BytesIO()
    with gzip.GzipFile(fileobj=data, mode="wb", mtime=0) as file:
        for _ in range(megabytes):
            file.write(b"0" * _MEGABYTE)
    return data.getvalue()


def _parquet_of_one_text(megabytes: int, rows: int) -> bytes:
    """Rows that all hold the same text, which the file holds once."""
    text = pa.DictionaryArray.from_arrays(pa.array([0] * rows, pa.int32()), pa.array(["0" * megabytes * _MEGABYTE]))
    data = io.BytesIO()
    pq.write_table(pa.table({"a": text}).replace_schema_metadata(None), data, compression="zstd", store_schema=False)
    return data.getvalue()


def _chunk(kind: bytes, content: bytes) -> bytes:
    return len(content).to_bytes(4, "big") + kind + content + zlib.crc32(kind + content).to_bytes(4, "big")


def _huge_png(width: int, height: int) -> bytes:
    """A black PNG of one bit a pixel (PNG specification, sections 5 and 11)."""
    header = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes([1, 0, 0, 0, 0])
    packer, packed = zlib.compressobj(1), bytearray()
    row = b"\x00" * (1 + (width + 7) // 8)
    for _ in range(height):
        packed += packer.compress(row)
    packed += packer.flush()
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", bytes(packed)) + _chunk(b"IEND", b"")


def _png_with_a_text_bomb() -> bytes:
    text = _chunk(b"zTXt", b"Comment\x00\x00" + zlib.compress(b"0" * (70 * _MEGABYTE), 1))
    return _PNG[:33] + text + _PNG[33:]


def _refused(name: str, content: object, why: str, *, long: bool = False) -> Case:
    return Case(
        name,
        lambda: {"0.png": _PNG, "1.png": content()},  # type: ignore[operator]
        only(
            Page({"image": IMAGE}, [{"image": shown(Kept(_PNG, ".png"))}, {"image": None}], errors={1: {"image": why}})
        ),
        long=long,
    )


_LAUGHS = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)

CASES = [
    Case(
        "bomb-zip",
        lambda: {"data.zip": zip_of_zeros("data.csv", 1_000)},
        only(Failure("StreamingRowsError", "data.csv in data.zip", "one long document")),
        long=True,
    ),
    Case(
        "bomb-csv-of-a-million-columns",
        lambda: {"data.csv": b",".join(b"%d" % n for n in range(_MEGABYTE)) + b"\n" + b"," * (_MEGABYTE - 1) + b"\n"},
        only(Page({str(n): "null" for n in range(1_000)}, [], number=1, columns_truncated=True)),
        long=True,
    ),
    _refused("bomb-png-of-806-megapixels", lambda: _huge_png(28_400, 28_400), "1.png: an image of more than"),
    _refused("bomb-png-that-lies-about-its-size", lambda: _PNG[:16] + b"\x7f\xff\xff\xff" * 2 + _PNG[24:], "1.png"),
    Case(
        "bomb-png-of-80-megapixels",
        lambda: {"1.png": _huge_png(8_900, 8_900)},
        only(Page({"image": IMAGE}, [{"image": shown(Kept(_huge_png(8_900, 8_900), ".png"), 8_900, 8_900)}])),
        long=True,
    ),
    _refused("bomb-png-of-a-long-line", lambda: _huge_png(16_000_000, 3), "1.png: an image of 16000000 by 3 pixels"),
    _refused("bomb-png-comment", _png_with_a_text_bomb, "1.png"),
    Case(
        "bomb-zipped-image",
        lambda: {"data.zip": zip_of_zeros("1.png", 300)},
        only(Page({"image": IMAGE}, [{"image": None}], errors={0: {"image": "more than 100000000 bytes"}})),
        long=True,
    ),
    Case(
        "bomb-zip-in-zip",
        lambda: {"data.zip": zipped({"inner.zip": zip_of_zeros("data.csv", 100)})},
        Failure("DataFilesNotFoundError", "supported format"),
    ),
    Case(
        "bomb-json-line-of-90-MB",
        lambda: {"data.jsonl": b'{"a": "' + b"0" * (90 * _MEGABYTE) + b'"}\n'},
        only(Page({"a": "string"}, [], number=1, cut={0: ["a"]})),
        long=True,
    ),
    Case(
        "bomb-json-line-of-100-MB",
        lambda: {"data.jsonl": b'{"a": "' + b"0" * (100 * _MEGABYTE) + b'"}\n'},
        only(Failure("StreamingRowsError", "data.jsonl is one long document", "shorter lines")),
        long=True,
    ),
    # The library's parser takes hundreds of kB at a time, and ends the process where they begin with null.
    Case(
        "bomb-json-of-many-nulls",
        lambda: {"data.jsonl": b'{"a": 1}\n{"a":\n2}\n' + b"null\n" * 200_000},
        only(Page({"a": "int64"}, [{"a": 1}], ends="line 2")),
    ),
    Case(
        "bomb-json-of-many-brackets",
        lambda: {"data.jsonl": b"[" * 5 * _MEGABYTE},
        only(Failure("CorruptDataError", "data.jsonl")),
    ),
    Case(
        "bomb-csv-line-of-20-MB",
        lambda: {"data.csv": b"a\n" + (b"x" * (20 * _MEGABYTE) + b"\n") * 2},
        only(Page({"a": "string"}, [], number=2, cut={0: ["a"], 1: ["a"]})),
    ),
    Case(
        "bomb-csv-line-of-90-MB",
        lambda: {"data.csv": b"a\n" + b"x" * (90 * _MEGABYTE) + b"\n"},
        only(Page({"a": "string"}, [], number=1, cut={0: ["a"]})),
        long=True,
    ),
    Case(
        "bomb-csv-line-of-100-MB",
        lambda: {"data.csv": b"a\n" + b"x" * (100 * _MEGABYTE) + b"\n"},
        only(Failure("StreamingRowsError", "data.csv is one long document", "shorter lines")),
        long=True,
    ),
    Case(
        "bomb-yaml-of-many-laughs",
        lambda: {README: card(_LAUGHS), "data.csv": b"a\n1\n"},
        only(Page({"a": "int64"}, [{"a": 1}])),
        long=True,
    ),
    Case(
        "bomb-json-of-many-keys",
        lambda: {"data.jsonl": b"".join(lines({f"k{row}_{n}": n for n in range(100)}) for row in range(50))},
        only(
            Page(
                {f"k{n // 100}_{n % 100}": "int64" for n in range(1_000)},
                [],
                number=50,
                columns_truncated=True,
            )
        ),
        long=True,
    ),
    Case(
        "bomb-parquet-of-one-text",
        lambda: {"data.parquet": _parquet_of_one_text(10, 1_000)},
        only(Page({"a": "string"}, [], number=10, ends="bytes", cut={row: ["a"] for row in range(10)})),
    ),
    Case(
        "bomb-gzip",
        lambda: {"data.csv.gz": _gzip_of_zeros(1_000)},
        only(Failure("StreamingRowsError", "data.csv.gz is one long document")),
        long=True,
    ),
]
