"""CSV, JSON Lines and text: the library's own builders parse the beginnings of the files.

A page needs a hundred rows, which are in the first megabytes of a file of any length.
"""

from collections.abc import Callable, Iterator
from csv import QUOTE_NONE
from functools import partial
from posixpath import splitext
from typing import Any

import pyarrow as pa
from datasets.data_files import DataFilesDict, DataFilesList

from reader.direct.cutting import Cut, cut_json, cut_lines, cut_paragraphs, cut_quoted_lines
from reader.direct.head_filesystem import PROTOCOL, HeadFileSystem
from reader.direct.heads import COMPRESSIONS, Heads
from reader.snapshot import Snapshot
from reader.stream import RowStream, Target, open_by_library

# Others may be archives, which the library tells by their first bytes.
_SUFFIXES = {".csv", ".tsv", ".txt", ".json", ".jsonl", ".ndjson"}


def open_lines(target: Target, snapshot: Snapshot) -> RowStream | None:
    """The rows of a split of text files; None where the files can't be cut into records without being parsed.

    Raises:
        CodedError, RevisionGone: as `stream.open_by_library`.
    """
    builder = target.builder
    cut = _cut_of(builder)
    paths = {name: snapshot.paths_of(files) or [] for name, files in builder.config.data_files.items()}
    if cut is None or not all(of_name and all(map(_is_plain, of_name)) for of_name in paths.values()):
        return None
    heads = Heads(
        snapshot, paths.get(target.split, []), token=target.token, cut=cut, max_bytes=target.max_download_bytes
    )
    contents: dict[str, Callable[[], bytes]] = {}
    files = DataFilesDict()
    for name, of_name in paths.items():
        urls = []
        for path in of_name:
            stem, suffix = splitext(path)
            local = f"{len(contents)}/{stem if suffix in COMPRESSIONS else path}"
            contents[local] = partial(heads.read, path)
            urls.append(f"{PROTOCOL}://{local}")
        files[name] = DataFilesList(urls, [("",)] * len(urls))
    HeadFileSystem.files = contents
    builder.config.data_files = files
    stream = open_by_library(target)
    return RowStream(stream.features, _to_the_end(stream.rows, heads), stream.num_rows)


def _to_the_end(rows: Iterator[pa.Table], heads: Heads) -> Iterator[pa.Table]:
    yield from rows
    heads.check_rows_follow()


def _is_plain(path: str) -> bool:
    stem, suffix = splitext(path)
    return (splitext(stem)[1] if suffix in COMPRESSIONS else suffix) in _SUFFIXES


def _cut_of(builder: Any) -> Cut | None:
    config = builder.config
    if not _has_newlines_of_one_byte(config.encoding or "utf-8"):
        return None
    match builder.name:
        case "csv":
            if config.lineterminator is not None or config.skipfooter or len(config.quotechar or "") != 1:
                return None
            if config.quoting == QUOTE_NONE:
                return cut_lines
            return partial(cut_quoted_lines, quote=config.quotechar.encode())
        case "json":
            return cut_json if config.field is None else None
        case "text":
            return {"line": cut_lines, "paragraph": cut_paragraphs}.get(config.sample_by)
    return None


def _has_newlines_of_one_byte(encoding: str) -> bool:
    try:
        return "\n".encode(encoding) == b"\n"
    except LookupError:
        return False
