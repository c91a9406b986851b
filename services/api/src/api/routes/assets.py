"""GET /assets/…: a media file that the workers wrote, to whoever may read its dataset."""

import os
import re
import stat
from pathlib import Path

from libcache.assets import AssetPath
from libcache.records import Record
from libcache.schema import READABLE, Visibility
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from api.caching import asset_cache_control, may_be_shared, share
from api.content import digest_of
from api.credentials import Credentials
from api.endpoint import Answer, Endpoint, Parameter
from api.errors import ApiError
from api.etags import entity_tag, matching_tag
from api.negotiation import IDENTITY
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
    record = await _admit(request, path)
    if record.generation != path.generation or record.visibility not in READABLE:
        raise _gone()
    file = services_of(request).assets.file(path)
    found = await run_in_threadpool(_stat, services_of(request).settings.assets_directory, file)
    if found is None:
        raise _gone()
    shared = may_be_shared(request)
    headers = {"Cache-Control": asset_cache_control(shared=shared), "Content-Security-Policy": _SANDBOX}
    if shared:
        # What is at an asset's path never changes.
        headers["ETag"] = entity_tag(digest_of(str(path.relative).encode()), IDENTITY)
        if matching_tag(request.headers.get("if-none-match", ""), digest_of(str(path.relative).encode())):
            return Response(None, 304, headers)
    _drop_unusable_range(request)
    media_type = _TYPES.get(file.suffix.removeprefix("."), "application/octet-stream")
    response = FileResponse(file, headers=headers, media_type=media_type, stat_result=found)
    if not shared:
        del response.headers["ETag"]
    return response


async def _admit(request: Request, path: AssetPath) -> Record:
    """The record of the asset's dataset.

    Raises:
        ApiError: the URL isn't signed, and the dataset isn't one that this caller may read as one of the public.
    """
    services = services_of(request)
    record = await services.reader.record(path.dataset)
    share(request, False)
    if record is not None and services.auth is not None and services.signer.is_signed(request):
        return record
    if record is None or record.visibility is not Visibility.PUBLIC:
        # The same whether there is such a dataset or not.
        raise ApiError(
            "AssetForbidden",
            "This URL gives no access, or not any more: ask for the rows again, and take the asset's URL from there.",
        )
    if services.auth is not None:
        await services.auth.require(path.dataset, record.generation, Credentials.of(request))
    share(request, True)
    return record


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


_FILE = {"*/*": {"type": "string", "contentMediaType": "application/octet-stream"}}
_HEADERS = ("Accept-Ranges", "Content-Security-Policy", "ETag", "Last-Modified")
ENDPOINT = Endpoint(
    path="/assets/{path:path}",
    handler=assets,
    summary="A media file that an answer points to",
    description="Take the whole URL from the answer: where only some may see it, it is signed for a while.",
    parameters=(
        Parameter("expires", "When the URL ends to be good, in seconds since 1970.", {"type": "string"}),
        Parameter("signature", "What proves that this service gave it out.", {"type": "string"}),
    ),
    answers=(
        Answer(200, "The file.", _FILE, _HEADERS),
        Answer(206, "A part of the file.", _FILE, (*_HEADERS, "Content-Range")),
        Answer(304, "The client has this file already.", headers=("Content-Security-Policy", "ETag")),
        Answer(416, "The file has no such part.", {"text/plain": {"type": "string"}}, ("Content-Range",)),
    ),
    errors=(
        "NotFound",
        "ResponseNotFound",
        "AssetForbidden",
        "ExternalUnauthenticatedError",
        "ExternalAuthenticatedError",
        "RenamedDatasetError",
        "AuthCheckHubRequestError",
    ),
)
