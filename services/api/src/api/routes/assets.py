"""GET /assets/…: a media file that the workers wrote, to whoever may read its dataset."""

import os
import re
import stat
from pathlib import Path

from libcache.assets import AssetPath
from libcache.schema import READABLE
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from api.caching import asset_cache_control, may_be_shared
from api.errors import ApiError
from api.lookup import admit
from api.services import services_of

_RANGE = re.compile(r"bytes=(?:([0-9]{1,18})-([0-9]{0,18})|-[0-9]{1,18})")
_SANDBOX = "sandbox; default-src 'none'"
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


async def assets(request: Request) -> Response:
    path = AssetPath.parse(request.path_params["path"])
    if path is None:
        raise ApiError("NotFound", "No asset has a path like this: take the URLs of the assets from an answer.")
    record = await admit(request, path.dataset)
    if record is None or record.generation != path.generation or record.visibility not in READABLE:
        raise _gone()
    file = services_of(request).assets.file(path)
    found = await run_in_threadpool(_stat, services_of(request).settings.assets_directory, file)
    if found is None:
        raise _gone()
    _drop_unusable_range(request)
    shared = may_be_shared(request)
    response = FileResponse(
        file,
        headers={"Cache-Control": asset_cache_control(shared=shared), "Content-Security-Policy": _SANDBOX},
        media_type=_TYPES.get(file.suffix.removeprefix("."), "application/octet-stream"),
        stat_result=found,
    )
    if not shared:
        del response.headers["ETag"]
    return response


def _stat(root: Path, file: Path) -> os.stat_result | None:
    """What is known of a regular file inside the directory, however its path was put together."""
    try:
        if file.resolve() != root.resolve() / file.relative_to(root):
            return None
        found = file.lstat()
    except OSError:
        return None
    return found if stat.S_ISREG(found.st_mode) else None


def _drop_unusable_range(request: Request) -> None:
    """A range that is malformed, or several of them, counts as none: RFC 9110, section 14.2."""
    given = _RANGE.fullmatch(request.headers.get("range", ""))
    if given is None or (given[2] and int(given[1]) > int(given[2])):
        request.scope["headers"] = [pair for pair in request.scope["headers"] if pair[0] != b"range"]


def _gone() -> ApiError:
    return ApiError("ResponseNotFound", "There is no such asset any more: ask for the rows again to get its new URL.")


ROUTE = Route("/assets/{path:path}", assets)
