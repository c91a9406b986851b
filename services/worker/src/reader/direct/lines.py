"""CSV, JSON Lines and text: the library's own builders parse the beginnings of the files.

A page needs a hundred rows, which are in the first megabytes of a file of any length.
"""

import codecs
import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from csv import QUOTE_NONE
from functools import partial
from typing import Any

import datasets
import pandas as pd  # type: ignore[import-untyped]
import pyarrow as pa
from datasets.data_files import DataFilesDict, DataFilesList
from libcommon.errors import CodedError

from reader.direct.cutting import Cut, cut_json, cut_lines, cut_paragraphs, cut_quoted_lines
from reader.direct.head_filesystem import PROTOCOL, HeadFileSystem
from reader.direct.heads import Heads
from reader.direct.json_lines import check_json, first_refused
from reader.direct.texts import Text, texts_of
from reader.direct.wide_csv import leave_out_columns
from reader.errors import translated
from reader.snapshot import Snapshot
from reader.stream import RowStream, Target, open_by_library

_LINE = re.compile(r"C error: .* in line (\d+)")
_JSON = re.compile("JSON parse error: ")


def open_lines(target: Target, snapshot: Snapshot) -> RowStream | None:
    """The rows of a split of text files; None where the files can't be cut into records without being parsed.

    Raises:
        CodedError, RevisionGone: as `stream.open_by_library`.
    """
    builder = target.builder
    cut = _cut_of(builder)
    texts = _texts(builder, snapshot, target.token)
    if cut is None or texts is None:
        return None
    files = [text.path for text in texts.get(target.split, [])]
    check = check_json if builder.name == "json" and _is_utf_8(builder.config.encoding) else _take_all
    every = [text for of_split in texts.values() for text in of_split]
    headers = 1 if builder.name == "csv" else 0
    heads = Heads(every, files, cut=cut, headers=headers, check=check, max_bytes=target.max_download_bytes)
    if builder.name == "csv" and len(files) == 1 and builder.info.features is None:
        leave_out_columns(builder.config, heads.read(files[0]), target.max_columns)
    builder.config.data_files = _as_heads(texts, heads)
    stream = _open(target, heads)
    features = stream.features or _features_without_rows(builder, heads, files)
    return RowStream(features, _to_the_end(stream.rows, heads), stream.num_rows)


def _texts(builder: Any, snapshot: Snapshot, token: str | None) -> dict[str, list[Text]] | None:
    """The text files of each split; None unless all are."""
    found = {}
    for split, urls in builder.config.data_files.items():
        paths = snapshot.paths_of(urls)
        texts = texts_of(snapshot, paths, token=token) if paths else None
        if not texts:
            return None
        found[str(split)] = texts
    return found


def _as_heads(texts: Mapping[str, Sequence[Text]], heads: Heads) -> DataFilesDict:
    """The files of all splits, named so that the library opens their beginnings."""
    contents: dict[str, Callable[[], bytes]] = {}
    named = DataFilesDict()
    for split, of_split in texts.items():
        urls = []
        for text in of_split:
            name = f"{len(contents)}/{text.name}"
            contents[name] = partial(heads.read, text.path)
            urls.append(f"{PROTOCOL}://{name}")
        named[split] = DataFilesList(urls, [("",)] * len(urls))
    HeadFileSystem.files = contents
    return named


def _open(target: Target, heads: Heads) -> RowStream:
    try:
        return open_by_library(target)
    except CodedError as error:
        # Many lines are parsed as one, and so fail as one.
        if not _end_before_error(target.builder.name, heads, error):
            raise
        return open_by_library(target)


def _end_before_error(name: str, heads: Heads, error: CodedError) -> bool:
    match name:
        case "csv" if line := _LINE.search(error.cause_message or ""):
            return heads.end_before(int(line[1]), error)
        case "json" if _JSON.search(error.cause_message or ""):
            return heads.end_before(first_refused(heads.last), error)
    return False


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
    return "\n".encode(encoding) == b"\n"
