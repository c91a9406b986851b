"""GET /assets/…: a media file that the workers wrote, to whoever may read its dataset."""

from libcache.assets import AssetPath
from libcache.directory import Directory
from libcache.records import Record
from libcache.schema import READABLE, Visibility
from libcommon.digests import digest_of
from starlette.requests import Request
from starlette.responses import Response

from api.caching import asset_cache_control, may_be_shared, share
from api.credentials import Credentials
from api.endpoint import Answer, Endpoint, Parameter
from api.errors import ApiError
from api.etags import entity_tag, matching_tag
from api.files import FoundFile, find_file
from api.negotiation import IDENTITY, header_list
from api.objects import FoundObject, find_object
from api.services import Services, services_of

_SANDBOX = "sandbox; default-src 'none'"


async def assets(request: Request) -> Response:
    path = AssetPath.parse(request.path_params["path"])
    if path is None:
        raise ApiError("NotFound", "No asset has a path like this: take the URLs of the assets from an answer.")
    record = await _admit(request, path)
    if record.generation != path.generation or record.visibility not in READABLE:
        raise _gone()
    found = await _find(services_of(request), path)
    if found is None:
        raise _gone()
    shared = may_be_shared(request)
    headers = {"Cache-Control": asset_cache_control(shared=shared), "Content-Security-Policy": _SANDBOX}
    if shared:
        # What is at an asset's path never changes.
        digest = digest_of(str(path.relative).encode())
        headers["ETag"] = entity_tag(digest, IDENTITY)
        if matching_tag(header_list(request, "if-none-match"), digest):
            return Response(None, 304, headers)
    if isinstance(found, FoundObject):
        try:
            return await found.response(request, headers)
        except FileNotFoundError:
            raise _gone() from None
    location = services_of(request).settings.assets_internal_location
    return found.response(request, headers, None if location is None else f"{location}/{path.relative.as_posix()}")


async def _find(services: Services, path: AssetPath) -> FoundFile | FoundObject | None:
    assets = services.assets
    if isinstance(assets, Directory):
        reading = services.settings.assets_internal_location is None
        return await find_file(assets.root, assets.file(path), reading=reading)
    return await find_object(assets, path)


async def _admit(request: Request, path: AssetPath) -> Record:
    """The record of the asset's dataset.

    Raises:
        ApiError: the URL isn't signed, and the dataset isn't one that this caller may read as one of the public.
    """
    services = services_of(request)
    record = await services.reader.record(path.dataset)
    share(request, False)
    if record is not None and services.auth is not None and services.signer.is_signed(request, path):
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
        Answer(416, "The file has no such part.", headers=("Content-Range", "Content-Security-Policy", "ETag")),
    ),
    errors=(
        "NotFound",
        "ResponseNotFound",
        "AssetForbidden",
        "ExternalUnauthenticatedError",
        "ExternalAuthenticatedError",
        "RenamedDatasetError",
        "AuthCheckHubRequestError",
        "ServiceUnavailable",
    ),
)
