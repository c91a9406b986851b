"""Compressed files and archives of data files."""

import bz2
import gzip
import lzma
import zipfile

from services.worker.tests.corpus.case import Case, Failure, Files, Page, only
from services.worker.tests.corpus.contents import zipped, zstandard
from services.worker.tests.reader.edge_cases import lines, tarred

_CSV = b"a\n1\n2\n"
_TWO = Page({"a": "int64"}, [{"a": 1}, {"a": 2}])


def _case(name: str, files: Files, expected: Page | Failure) -> Case:
    return Case(name, lambda: files, only(expected))


def _encrypted_zip() -> bytes:
    """An archive whose headers say that its member is encrypted; its bytes are none that a password would open."""
    data = bytearray(zipped({"data.csv": _CSV}))
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    return bytes(data)


def _zip_of_no_name() -> bytes:
    """An archive whose directory gives its member a name of no letters."""
    data = bytearray(zipped({"x": b"a\n1\n"}))
    entry = data.index(b"PK\x01\x02")
    data[entry + 28] = 0
    # What was the name is more than the directory has now.
    del data[entry + 46]
    data[data.index(b"PK\x05\x06") + 12] -= 1
    return bytes(data)


CASES = [
    _case("gzip-csv", {"data.csv.gz": gzip.compress(_CSV, mtime=0)}, _TWO),
    _case("gzip-json", {"data.jsonl.gz": gzip.compress(lines({"a": 1}, {"a": 2}), mtime=0)}, _TWO),
    _case("gzip-text", {"data.txt.gz": gzip.compress(b"x\n", mtime=0)}, Page({"text": "string"}, [{"text": "x"}])),
    _case(
        "gzip-in-two-parts", {"data.csv.gz": gzip.compress(b"a\n1\n", mtime=0) + gzip.compress(b"2\n", mtime=0)}, _TWO
    ),
    _case(
        "gzip-cut-off", {"data.csv.gz": gzip.compress(_CSV, mtime=0)[:-12]}, Failure("CorruptDataError", "data.csv.gz")
    ),
    _case("gzip-that-is-none", {"data.csv.gz": _CSV}, Failure("CorruptDataError", "data.csv.gz")),
    _case("bz2-csv", {"data.csv.bz2": bz2.compress(_CSV)}, _TWO),
    _case("bz2-with-more-behind-its-end", {"data.csv.bz2": bz2.compress(_CSV) + b"more"}, _TWO),
    _case("xz-csv", {"data.csv.xz": lzma.compress(_CSV)}, _TWO),
    _case("zip-csv", {"data.zip": zipped({"data.csv": _CSV})}, _TWO),
    _case("zip-deflated-csv", {"data.csv.zip": zipped({"data.csv": _CSV}, zipfile.ZIP_DEFLATED)}, _TWO),
    _case(
        "zip-in-order-of-folders",
        {
            "data.zip": zipped(
                {
                    "a/2.csv": b"a\n3\n",
                    "b.csv": b"a\n1\n",
                    "a/1.csv": b"a\n2\n",
                    "a/b/0.csv": b"a\n4\n",
                    ".hidden/x.csv": b"a\n0\n",
                    "__x.csv": b"a\n0\n",
                }
            ),
        },
        Page({"a": "int64"}, [{"a": 1}, {"a": 2}, {"a": 3}, {"a": 4}]),
    ),
    _case(
        "zip-of-a-member-without-a-name",
        {"a.zip": _zip_of_no_name(), "b.csv": b"a\n2\n"},
        Failure("CorruptDataError", "zip archive", "without a name"),
    ),
    Case(
        "zip-alone-of-a-member-without-a-name",
        lambda: {"a.zip": _zip_of_no_name()},
        Failure("CorruptDataError", "zip archive", "without a name"),
    ),
    _case("zip-beside-csv", {"a.zip": zipped({"data.csv": b"a\n1\n"}), "b.csv": b"a\n2\n"}, _TWO),
    _case(
        "zip-json-with-a-broken-line",
        {"data.zip": zipped({"x/data.jsonl": b'{"a": 1}\n{"a":\n'})},
        Page({"a": "int64"}, [{"a": 1}], ends="x/data.jsonl in data.zip, line 2"),
    ),
    _case("zip-two-csv", {"data.zip": zipped({"x/1.csv": b"a\n1\n", "x/2.csv": b"a\n2\n"})}, _TWO),
    Case(
        "zip-cut-off",
        lambda: {"data.zip": zipped({"data.csv": _CSV})[:-10]},
        Failure("CorruptDataError", "zip archive"),
    ),
    Case("zip-that-is-none", lambda: {"data.zip": b"not a zip archive"}, Failure("CorruptDataError", "zip archive")),
    _case("zip-encrypted", {"data.zip": _encrypted_zip()}, Failure("CorruptDataError", "data.zip", "password")),
    _case("zip-of-a-mac", {"data.zip": zipped({"data.csv": _CSV, "__MACOSX/._data.csv": b"\x00\x05\x16\x07"})}, _TWO),
    Case(
        "zip-that-leads-outside",
        lambda: {"data.zip": zipped({"../../data.csv": _CSV, "/etc/data.csv": _CSV})},
        Failure("DataFilesNotFoundError", "supported format"),
    ),
    _case("tar-csv", {"data.csv.tar": tarred({"data.csv": _CSV})}, _TWO),
    _case("tar-gzip-csv", {"data.csv.tar.gz": gzip.compress(tarred({"data.csv": _CSV}), mtime=0)}, _TWO),
    Case(
        "zstandard-csv",
        lambda: {"data.csv.zst": zstandard(b"a\n1\n")},
        only(Page({"a": "int64"}, [{"a": 1}])),
    ),
]
