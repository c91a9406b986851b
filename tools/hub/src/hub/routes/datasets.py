"""Datasets as the Hub describes them: one, or a list."""

from datetime import UTC, datetime
from urllib.parse import urlencode

from starlette.responses import JSONResponse, Response

from hub.call import Call, sees
from hub.errors import bad_request, repo_not_found
from hub.files import LFS_POINTER_BYTES, File
from hub.names import object_id
from hub.rules import Visibility
from hub.snapshot import REF, Snapshot

_PAGE_LENGTH = 1000


async def dataset(call: Call) -> Response:
    """GET /api/datasets/{r} and GET /api/datasets/{r}/revision/{rev}"""
    snapshot = call.visible()
    if "revision" in call.values:
        call.at_revision(snapshot)
    return JSONResponse(_describe(call.repo, snapshot, call.visibility, siblings=True, blobs=call.flag("blobs")))


async def canonical(call: Call) -> Response:
    """GET /api/datasets/{name}: here every dataset has a namespace."""
    raise repo_not_found(call.caller)


async def datasets(call: Call) -> Response:
    """GET /api/datasets?author=&search=&limit=&full=&cursor="""
    query = call.request.query_params
    author, search = query.get("author"), query.get("search", "").lower()
    limit = min(_positive(query.get("limit", str(_PAGE_LENGTH))), _PAGE_LENGTH)
    found = [
        repo
        for repo in call.hub.store.names()
        if repo > query.get("cursor", "")
        and (not author or repo.startswith(f"{author}/"))
        and search in repo.lower()
        and sees(call.hub, call.caller, repo)
        and not call.hub.access.visibility(repo).disabled
    ]
    page = []
    for repo in found[:limit]:
        snapshot = call.hub.store.get(repo)
        assert snapshot is not None
        page.append(_describe(repo, snapshot, call.hub.access.visibility(repo), siblings=call.flag("full")))
    headers = {}
    if len(found) > limit:
        rest = [(key, value) for key, value in query.multi_items() if key != "cursor"]
        following = urlencode([*rest, ("cursor", found[limit - 1])])
        headers["Link"] = f'<{call.base_url}/api/datasets?{following}>; rel="next"'
    return JSONResponse(page, headers=headers)


async def refs(call: Call) -> Response:
    """GET /api/datasets/{r}/refs"""
    branch = {"name": "main", "ref": REF, "targetCommit": call.readable().sha}
    answer: dict[str, object] = {"branches": [branch], "converts": [], "tags": []}
    if call.flag("include_prs"):
        answer["pullRequests"] = []
    return JSONResponse(answer)


def _describe(
    repo: str, snapshot: Snapshot, visibility: Visibility, *, siblings: bool, blobs: bool = False
) -> dict[str, object]:
    tags = snapshot.card.get("tags")
    described: dict[str, object] = {
        "_id": object_id(repo),
        "id": repo,
        "author": repo.partition("/")[0],
        "sha": snapshot.sha,
        "lastModified": timestamp(snapshot.last_modified),
        "createdAt": timestamp(snapshot.created),
        "private": visibility.private,
        "gated": visibility.gated,
        "disabled": False,
        "downloads": 0,
        "likes": 0,
        "tags": [tag for tag in tags if isinstance(tag, str)] if isinstance(tags, list) else [],
        "cardData": snapshot.card,
    }
    if siblings:
        described["siblings"] = [
            {"rfilename": path, **(_blob(file) if blobs else {})} for path, file in snapshot.files.items()
        ]
    return described


def _blob(file: File) -> dict[str, object]:
    blob: dict[str, object] = {"size": file.size, "blobId": file.blob_id}
    if file.sha256 is not None:
        blob["lfs"] = {"sha256": file.sha256, "size": file.size, "pointerSize": LFS_POINTER_BYTES}
    return blob


def timestamp(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _positive(value: str) -> int:
    if not (value.isascii() and value.isdecimal() and int(value[:10]) > 0):
        raise bad_request('"limit" must be a number above 0.')
    return int(value[:10])
