"""CSV, JSON Lines and text: the library's own builders parse the beginnings of the files.

A page needs a hundred rows, which are in the first megabytes of a file of any length.
"""

import codecs
import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from csv import QUOTE_NONE
from functools import partial
from posixpath import splitext
from typing import Any

import datasets
import pandas as pd  # type: ignore[import-untyped]
import pyarrow as pa
from datasets.data_files import DataFilesDict, DataFilesList
from libcommon.errors import CodedError

from reader.direct.cutting import Cut, cut_json, cut_lines, cut_paragraphs, cut_quoted_lines
from reader.direct.head_filesystem import PROTOCOL, HeadFileSystem
from reader.direct.heads import COMPRESSIONS, Heads
from reader.direct.json_lines import check_json
from reader.errors import translated
from reader.snapshot import Snapshot
from reader.stream import RowStream, Target, open_by_library

# Others may be archives, which the library tells by their first bytes.
_LINE = re.compile(r"C error: .* in line (\d+)")
_SUFFIXES = {".csv", ".tsv", ".txt", ".json", ".jsonl", ".ndjson"}


def open_lines(target: Target, snapshot: Snapshot) -> RowStream | None:
    """The rows of a split of text files; None where the files can't be cut into records without being parsed.

    Raises:
        CodedError, RevisionGone: as `stream.open_by_library`.
    """
    builder = target.builder
    cut = _cut_of(builder)
    paths = {name: snapshot.paths_of(files) or [] for name, files in builder.config.data_files.items()}
    if cut is None or not all(files and all(map(_is_plain, files)) for files in paths.values()):
        return None
    files_of_split = paths.get(target.split, [])
    check = check_json if builder.name == "json" and _is_utf_8(builder.config.encoding) else _take_all
    heads = Heads(
        snapshot, files_of_split, token=target.token, cut=cut, check=check, max_bytes=target.max_download_bytes
    )
    builder.config.data_files = _as_heads(paths, heads)
    stream = _open(target, heads)
    features = stream.features or _features_without_rows(builder, heads, files_of_split)
    return RowStream(features, _to_the_end(stream.rows, heads), stream.num_rows)


def _as_heads(paths: Mapping[str, Sequence[str]], heads: Heads) -> DataFilesDict:
    """The files of all splits, named so that the library opens their beginnings."""
    contents: dict[str, Callable[[], bytes]] = {}
    named = DataFilesDict()
    for split, files in paths.items():
        urls = []
        for path in files:
            stem, suffix = splitext(path)
            name = f"{len(contents)}/{stem if suffix in COMPRESSIONS else path}"
            contents[name] = partial(heads.read, path)
            urls.append(f"{PROTOCOL}://{name}")
        named[split] = DataFilesList(urls, [("",)] * len(urls))
    HeadFileSystem.files = contents
    return named


def _open(target: Target, heads: Heads) -> RowStream:
    try:
        return open_by_library(target)
    except CodedError as error:
        # A CSV file is parsed as a whole, and so fails as a whole.
        line = _LINE.search(error.cause_message or "")
        if line is None or not heads.end_before(int(line[1]), error):
            raise
        return open_by_library(target)


def _features_without_rows(builder: Any, heads: Heads, paths: Sequence[str]) -> datasets.Features:
    """The columns of a split that has no row, as far as its files tell."""
    match builder.name:
        case "text":
            return datasets.Features({"text": datasets.Value("string")})
        case "csv" if paths:
            arguments = {**builder.config.pd_read_csv_kwargs, "nrows": 0, "chunksize": None}
            with translated("StreamingRowsError"):
                header = pd.read_csv(io.BytesIO(heads.read(paths[0])), **arguments)
            return datasets.Features({str(name): datasets.Value("null") for name in header.columns})
    return datasets.Features()


def _take_all(_: str, content: bytes) -> tuple[bytes, None]:
    return content, None


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


def _is_utf_8(encoding: str | None) -> bool:
    return encoding is None or codecs.lookup(encoding).name in ("utf-8", "utf-8-sig")


def _has_newlines_of_one_byte(encoding: str) -> bool:
    try:
        return "\n".encode(encoding) == b"\n"
    except LookupError:
        return False
