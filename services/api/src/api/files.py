"""Media files as responses: whole, or a part of one."""

import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import formatdate
from os import stat_result
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, Response

_RANGE = re.compile(r"bytes=(?:([0-9]{1,18})-([0-9]{0,18})|-([0-9]{1,18}))")
# What nginx looks at beside If-Range, which agrees with it where there is a part.
_CONDITIONS = ("if-match", "if-none-match", "if-modified-since", "if-unmodified-since")
# What is read while it is looked at: the way to a thread and back costs more than that.
_SMALL_BYTES = 256_000
_TYPES = {
    "aac": "audio/aac",
    "avif": "image/avif",
    "bmp": "image/bmp",
    "flac": "audio/flac",
    "gif": "image/gif",
    "jpeg": "image/jpeg",
    "jpg": "image/jpeg",
    "m4a": "audio/mp4",
    "mov": "video/quicktime",
    "mp3": "audio/mpeg",
    "mp4": "video/mp4",
    "oga": "audio/ogg",
    "ogg": "audio/ogg",
    "ogv": "video/ogg",
    "opus": "audio/ogg",
    "pdf": "application/pdf",
    "png": "image/png",
    "tif": "image/tiff",
    "tiff": "image/tiff",
    "wav": "audio/wav",
    "weba": "audio/webm",
    "webm": "video/webm",
    "webp": "image/webp",
}


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A regular file, with what is in it if that was read."""

    path: Path
    about: stat_result
    content: bytes | None


async def find_file(root: Path, path: Path, *, reading: bool) -> FoundFile | None:
    """The file at a path inside the directory `root`, however that path was put together; None if there is none.

    A small one is read at once if it is for reading.
    """
    return await run_in_threadpool(_find, root, path, reading)


def _find(root: Path, path: Path, reading: bool) -> FoundFile | None:
    try:
        if path.resolve() != root.resolve() / path.relative_to(root):
            return None
        about = path.lstat()
        if not stat.S_ISREG(about.st_mode):
            return None
        return FoundFile(path, about, path.read_bytes() if reading and about.st_size <= _SMALL_BYTES else None)
    except OSError:
        return None


def file_response(request: Request, found: FoundFile, headers: dict[str, str], internal: str | None) -> Response:
    """The file, or the part of it that is asked for. There is an `ETag` only if `headers` have it.

    `internal` is where the reverse proxy has the file; it is told to send it, where that makes the same of the request.
    """
    media_type = _TYPES.get(found.path.suffix.removeprefix("."), "application/octet-stream")
    part = _part(request, found.about.st_size) if _is_partial(request, headers) else None
    if part is not None and part.start >= found.about.st_size:
        return Response(None, 416, {**headers, "Content-Range": f"bytes */{found.about.st_size}"})
    if internal is not None and (part is not None or "range" not in request.headers) and _is_unconditional(request):
        return Response(None, 200, {**headers, "X-Accel-Redirect": internal}, media_type=media_type)
    # What is decided here is not for the response to decide.
    decided = (b"if-range",) if part is not None else (b"if-range", b"range")
    request.scope["headers"] = [pair for pair in request.scope["headers"] if pair[0] not in decided]
    if part is None and found.content is not None:
        modified = formatdate(found.about.st_mtime, usegmt=True)
        headers = {**headers, "Accept-Ranges": "bytes", "Last-Modified": modified}
        return Response(found.content, 200, headers, media_type=media_type)
    response = FileResponse(found.path, headers=headers, media_type=media_type, stat_result=found.about)
    if "ETag" not in headers:
        del response.headers["ETag"]
    return response


def _is_partial(request: Request, headers: Mapping[str, str]) -> bool:
    """Whether a part may be asked for: RFC 9110, sections 13.1.5 and 14.2."""
    if request.method != "GET":
        return False
    condition = request.headers.get("if-range")
    return condition is None or condition == headers.get("ETag")


def _is_unconditional(request: Request) -> bool:
    """Whether nginx has no condition to look at that means nothing here."""
    return not any(name in request.headers for name in _CONDITIONS)


def _part(request: Request, size: int) -> range | None:
    """The part that is asked for; one that is malformed, or several, count as none. It may lie behind the end."""
    given = _RANGE.fullmatch(request.headers.get("range", ""))
    if given is None:
        return None
    first, last, suffix = given.groups()
    if suffix is not None:
        return range(max(size - int(suffix), 0) if int(suffix) else size, size)
    if last and int(first) > int(last):
        return None
    return range(int(first), min(int(last) + 1, size) if last else size)
