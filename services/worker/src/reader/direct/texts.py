"""The text files of a config, decompressed: files of the repository, and members of its zip archives."""

import bz2
import io
import lzma
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from posixpath import splitext
from typing import IO

import pyarrow as pa

from reader.members import Members
from reader.remote import RemoteFile
from reader.snapshot import Snapshot

_BUFFER_BYTES = 1 << 20
_PYARROW_CODECS = {".gz": "gzip", ".zst": "zstd", ".lz4": "lz4"}
_COMPRESSIONS = {*_PYARROW_CODECS, ".bz2", ".xz"}
# Others may be archives, which the library tells by their first bytes.
_SUFFIXES = {".csv", ".tsv", ".txt", ".json", ".jsonl", ".ndjson"}
# Begins the names of files and folders of an archive that the library passes over.
_HIDDEN = (".", "__")


@dataclass(frozen=True, slots=True)
class Text:
    """A text file: its `path` is for messages, its `name`, with the suffix of the format, for the library."""

    path: str
    name: str
    open: Callable[[], IO[bytes]]


def texts_of(snapshot: Snapshot, paths: Sequence[str], *, token: str | None) -> list[Text] | None:
    """The text files at `paths`, in the order in which the library reads them; None unless all are known to be such.

    Raises:
        zipfile.BadZipFile: an archive is none.
        huggingface_hub.errors.HfHubHTTPError, httpx2.TransportError: the Hub fails.
    """
    members = Members(snapshot, token=token)
    texts = list[Text]()
    for path in paths:
        stem, suffix = splitext(path)
        if suffix == ".zip":
            names = sorted(_shown(members.names(path)), key=_in_order_of_walk)
            texts += [Text(f"{name} in {path}", f"{path}!/{name}", partial(members.open, path, name)) for name in names]
        else:
            name = stem if suffix in _COMPRESSIONS else path
            texts.append(Text(path, name, partial(_open, snapshot, path, token)))
    return texts if all(splitext(text.name)[1] in _SUFFIXES for text in texts) else None


def _shown(names: Sequence[str]) -> Iterator[str]:
    for name in names:
        if not name.endswith("/") and not any(part.startswith(_HIDDEN) for part in name.split("/")):
            yield name


def _in_order_of_walk(name: str) -> list[tuple[bool, str]]:
    """Of each folder first the files, then what is in its folders."""
    *folders, file = name.split("/")
    return [*((True, folder) for folder in folders), (False, file)]


def _open(snapshot: Snapshot, path: str, token: str | None) -> IO[bytes]:
    suffix = splitext(path)[1]
    raw: IO[bytes] = io.BufferedReader(RemoteFile(snapshot, path, token=token), _BUFFER_BYTES)
    if suffix == ".xz":
        return lzma.LZMAFile(raw)
    if suffix == ".bz2":
        return bz2.BZ2File(raw)
    if suffix in _PYARROW_CODECS:
        raw = pa.CompressedInputStream(pa.PythonFile(raw, "r"), _PYARROW_CODECS[suffix])
    return raw
