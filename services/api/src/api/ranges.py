"""What of a media file a request asks for, and as what it is sent."""

import re
from collections.abc import Mapping

from starlette.requests import Request

_RANGE = re.compile(r"bytes=(?:([0-9]{1,18})-([0-9]{0,18})|-([0-9]{1,18}))")
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


def media_type_of(name: str) -> str:
    """The media type of a file with this name."""
    return _TYPES.get(name.rpartition(".")[2], "application/octet-stream")


def wanted_part(request: Request, size: int, headers: Mapping[str, str]) -> range | None:
    """The part of a file of `size` bytes that is asked for; it may lie behind the end. None: the whole.

    `headers` are those of the answer, of which `ETag` counts.
    """
    return _part(request, size) if _is_partial(request, headers) else None


def _is_partial(request: Request, headers: Mapping[str, str]) -> bool:
    """Whether a part may be asked for: RFC 9110, sections 13.1.5 and 14.2."""
    if request.method != "GET":
        return False
    condition = request.headers.get("if-range")
    return condition is None or condition == headers.get("ETag")


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
