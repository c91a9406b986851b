"""What a library was at when it failed: its exceptions seldom say which file or column, but their frames do.

Where a library names its variables otherwise one day, the answer is None, and messages say less.
"""

import re
from collections.abc import Iterable, Iterator
from types import FrameType
from typing import Any

_READERS = "datasets.packaged_modules."
_DIRECT_READERS = "reader.direct."
_NAMES = ("file", "tar_path", "downloaded_metadata_file")
_CASTS = "datasets.table"
_FILE = re.compile(r"(?:\w+://(?P<member>[^:]+)::)?hf://datasets/[^@]+@[0-9a-f]{40}/(?P<file>.+)", re.DOTALL)
_HEAD = re.compile(r"head://\d+/(?:(?P<file>.+?)!/)?(?P<member>.+)", re.DOTALL)


def file_of(errors: Iterable[BaseException]) -> str | None:
    """The data file that was read, relative to the repository; a member of an archive is named with it."""
    files = [file for frame in _frames(errors) if (file := _file_of(frame)) is not None]
    # The innermost frame knows best: further out a compressed file may go by the name of what is in it.
    return files[-1] if files else None


def _file_of(frame: FrameType) -> str | None:
    module = frame.f_globals.get("__name__", "")
    if module.startswith(_DIRECT_READERS) and isinstance(path := frame.f_locals.get("path"), str):
        return path
    if module.startswith(_READERS):
        for name in _NAMES:
            url = str(frame.f_locals.get(name))
            if found := _FILE.fullmatch(url) or _HEAD.fullmatch(url):
                return " in ".join(filter(None, (found["member"], found["file"])))
    return None


def column_of(errors: Iterable[BaseException]) -> str | None:
    """The column whose type was changed."""
    for frame in _frames(errors):
        if frame.f_globals.get("__name__") == _CASTS and isinstance(name := frame.f_locals.get("name"), str):
            return name
    return None


def _frames(errors: Iterable[BaseException]) -> Iterator[FrameType]:
    for error in errors:
        traceback: Any = error.__traceback__
        while traceback is not None:
            yield traceback.tb_frame
            traceback = traceback.tb_next
