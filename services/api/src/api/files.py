"""Media files as responses: whole, or a part of one."""

import re
import stat
from dataclasses import dataclass
from email.utils import formatdate
from os import stat_result
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, Response

_RANGE = re.compile(r"bytes=(?:([0-9]{1,18})-([0-9]{0,18})|-[0-9]{1,18})")
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
    """A regular file, with what is in it if that is little."""

    path: Path
    about: stat_result
    content: bytes | None


async def find_file(root: Path, path: Path) -> FoundFile | None:
    """The file at a path inside the directory `root`, however that path was put together; None if there is none."""
    return await run_in_threadpool(_find, root, path)


def _find(root: Path, path: Path) -> FoundFile | None:
    try:
        if path.resolve() != root.resolve() / path.relative_to(root):
            return None
        about = path.lstat()
        if not stat.S_ISREG(about.st_mode):
            return None
        return FoundFile(path, about, path.read_bytes() if about.st_size <= _SMALL_BYTES else None)
    except OSError:
        return None


def file_response(request: Request, found: FoundFile, headers: dict[str, str]) -> Response:
    """The file, or the part of it that is asked for. There is an `ETag` only if `headers` have it."""
    media_type = _TYPES.get(found.path.suffix.removeprefix("."), "application/octet-stream")
    _drop_unusable_range(request)
    if found.content is not None and "range" not in request.headers:
        modified = formatdate(found.about.st_mtime, usegmt=True)
        headers = {**headers, "Accept-Ranges": "bytes", "Last-Modified": modified}
        return Response(found.content, 200, headers, media_type=media_type)
    response = FileResponse(found.path, headers=headers, media_type=media_type, stat_result=found.about)
    if "ETag" not in headers:
        del response.headers["ETag"]
    return response


def _drop_unusable_range(request: Request) -> None:
    """A range that is malformed, or several of them, counts as none: RFC 9110, section 14.2."""
    given = _RANGE.fullmatch(request.headers.get("range", ""))
    if given is None or (given[2] and int(given[1]) > int(given[2])):
        request.scope["headers"] = [pair for pair in request.scope["headers"] if pair[0] != b"range"]
