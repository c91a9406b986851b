"""The first rows of a split: from the Hub to the bytes of the answer."""

import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from libcommon.errors import CodedError, Fault

from reader.ahead import fetched_ahead
from reader.cells import CellWriter
from reader.confinement import root_of
from reader.disguise import pointers_told
from reader.errors import translated
from reader.hub import observe_revision
from reader.limits import Limits
from reader.media import Decode
from reader.opening import open_split
from reader.page import Column, Page, PageWriter
from reader.plan import Plan, builder_of
from reader.repository import Repository
from reader.session import reading
from reader.snapshot import Snapshot, snapshot_of
from reader.sources import MediaSource
from reader.stream import RowStream, Target


def read_split(
    dataset: str,
    config: str,
    split: str,
    revision: str,
    *,
    endpoint: str,
    token: str | None,
    limits: Limits,
    asset_url: str,
    staging: Path,
    decode: Decode,
    max_size_fallback: int,
    sizes: dict[str, int] | None = None,
    plan: Plan | None = None,
    opener: Callable[[Target], RowStream] = open_split,
) -> Page:
    """Read the first rows of a split and write their page.

    Media files go through `decode`, which writes them to the directory `staging`; in the page their URL is `asset_url`,
    a slash, and the file's name. What can't be streamed is downloaded up to `max_size_fallback` bytes. `sizes` are
    those of all files of the revision, by path, and `plan` is the config's, where listing left them. `opener` is for
    comparisons.

    Raises:
        CodedError: no row can be read, or the Hub or this machine fails.
        RevisionGone: `revision` is not on the Hub any more.
    """
    with tempfile.TemporaryDirectory(prefix="reader-") as directory:
        cache = Path(directory)
        if sizes is not None:
            snapshot: Snapshot | None = Snapshot(dataset, revision, sizes)
        else:
            snapshot = snapshot_of(dataset, observe_revision(dataset, revision, endpoint=endpoint, token=token))
        files = plan["splits"].get(split, {}).get("files", []) if plan is not None else []
        told = pointers_told(snapshot, files, token=token)
        with reading(snapshot, endpoint, cache), told, translated("StreamingRowsError"):
            if snapshot is not None and plan is not None:
                builder = builder_of(plan, config, snapshot, token=token, cache=cache)
            else:
                paths = snapshot.sizes if snapshot is not None else None
                builder = Repository(dataset, revision, paths=paths, token=token, cache=cache).builder(config)
            target = Target(
                builder,
                split,
                snapshot,
                token,
                sample=limits.rows_max_number + 1,
                max_columns=limits.max_columns,
                max_download_bytes=max_size_fallback,
            )
            stream = opener(target)
            sources = MediaSource(root_of(dataset, revision), snapshot, token=token, downloaded=cache)
            cells = CellWriter(sources, decode, asset_url, max_bytes=limits.rows_max_bytes)
            rows = fetched_ahead(stream.rows, stream.features, sources.prefetch, most=limits.rows_max_number)
            stream = replace(stream, rows=rows)
            page = _write(stream, {"dataset": dataset, "config": config, "split": split}, cells, limits)
    for file in staging.iterdir():
        if file.name not in page.files:
            file.unlink()
    return page


def _write(stream: RowStream, head: dict[str, str], cells: CellWriter, limits: Limits) -> Page:
    features = dict(list(stream.features.items())[: limits.max_columns])
    types = stream.features.to_dict()
    columns = [Column(index, name, types[name]) for index, name in enumerate(features)]
    writer = PageWriter(head, columns, limits, columns_left_out=len(features) < len(stream.features))
    reason = None
    try:
        for row in stream.rows:
            reason = writer.full
            if reason is not None:
                break
            writer.add([cells.write(feature, row[name][0]) for name, feature in features.items()])
    except CodedError as error:
        if error.entry.fault is not Fault.DATA or not len(writer):
            raise
        reason = f"Row {len(writer)} could not be read: {error.message}"
    if reason is None:
        return writer.write(num_rows_total=len(writer), reason=None)
    known = stream.num_rows is not None and stream.num_rows > len(writer)
    return writer.write(num_rows_total=stream.num_rows if known else None, reason=reason)
