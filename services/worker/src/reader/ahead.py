"""Fetching the media files of the next rows together, before their cells are written one by one."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import pyarrow as pa
from libcommon.errors import CodedError

from reader.hub import RevisionGone

_MEDIA_TYPES = ("Image", "Audio", "Video", "Pdf")
_ROWS = 16
# Rows that hold their files have nothing to be fetched, and may be long.
_MAX_BYTES = 8 << 20


def fetched_ahead(
    rows: Iterator[pa.Table], features: Mapping[str, Any], fetch: Callable[[Iterable[str]], None], *, most: int
) -> Iterator[pa.Table]:
    """The rows; `fetch` is called with the paths of the files of the next few of them, of the first `most` in all."""
    media = {name: feature for name, feature in features.items() if _has_media(feature)}
    if not media:
        yield from rows
        return
    for group, failure in _groups(rows):
        shown, most = group[: max(most, 0)], most - len(group)
        fetch(path for row in shown for name, feature in media.items() for path in _paths(feature, _value(row, name)))
        yield from group
        if failure is not None:
            raise failure


def _groups(rows: Iterator[pa.Table]) -> Iterator[tuple[list[pa.Table], Exception | None]]:
    """A few rows at a time, and what comes after them instead of a row."""
    group: list[pa.Table] = []
    size = 0
    try:
        for row in rows:
            group.append(row)
            size += row.nbytes
            if len(group) == _ROWS or size > _MAX_BYTES:
                yield group, None
                group, size = [], 0
    except (CodedError, RevisionGone) as error:
        yield group, error
    else:
        yield group, None


def _has_media(feature: Any) -> bool:
    if isinstance(feature, dict):
        return any(map(_has_media, feature.values()))
    inner = getattr(feature, "feature", None)
    return type(feature).__name__ in _MEDIA_TYPES or (inner is not None and _has_media(inner))


def _value(row: pa.Table, name: str) -> Any:
    try:
        return row[name][0].as_py()
    except (ValueError, OverflowError, pa.ArrowException):
        return None


def _paths(feature: Any, value: Any) -> Iterator[str]:
    """The paths of files that are not in the value itself."""
    if isinstance(feature, dict) and isinstance(value, dict):
        for name, part in feature.items():
            yield from _paths(part, value.get(name))
    elif type(feature).__name__ in _MEDIA_TYPES:
        if isinstance(value, dict) and value.get("bytes") is None and isinstance(value.get("path"), str):
            yield value["path"]
    elif hasattr(feature, "feature") and isinstance(value, list):
        for item in value:
            yield from _paths(feature.feature, item)
