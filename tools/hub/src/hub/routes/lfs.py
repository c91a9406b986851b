"""Large file storage: the git-lfs batch API with its `basic` transfer.

https://github.com/git-lfs/git-lfs/blob/main/docs/api/batch.md
"""

import asyncio

from starlette.responses import JSONResponse, Response

from hub.call import Call, list_field, size_field, text_field
from hub.errors import HubError, bad_request

_MEDIA_TYPE = "application/vnd.git-lfs+json"


async def batch(call: Call) -> Response:
    """POST /datasets/{r}.git/info/lfs/objects/batch"""
    call.writable()
    content = await call.json()
    if content.get("operation") != "upload":
        raise bad_request('The only "operation" is upload: download files from resolve.')
    await asyncio.to_thread(call.hub.uploads.sweep)
    answers = []
    for asked in list_field(content, "objects"):
        oid, size = text_field(asked, "oid"), size_field(asked, "size")
        answer: dict[str, object] = {"oid": oid, "size": size}
        if not _stored(call, oid, size):
            key = call.hub.uploads.issue(call.repo, oid, size)
            answer["actions"] = {
                "upload": {"href": f"{call.base_url}/lfs/{key}"},
                "verify": {"href": f"{call.base_url}/datasets/{call.repo}.git/info/lfs/objects/verify"},
            }
        answers.append(answer)
    return JSONResponse({"transfer": "basic", "objects": answers}, media_type=_MEDIA_TYPE)


async def upload(call: Call) -> Response:
    """PUT /lfs/{key}: no Authorization, the key is the right to send"""
    key = call.values["key"]
    if call.hub.uploads.ticket(key) is None:
        raise HubError(404, "This upload is unknown or was done already. Ask for a new one.")
    await call.hub.uploads.receive(key, call.stream())
    return Response(status_code=200)


async def verify(call: Call) -> Response:
    """POST /datasets/{r}.git/info/lfs/objects/verify"""
    call.writable()
    content = await call.json()
    if not _stored(call, text_field(content, "oid"), size_field(content, "size")):
        raise HubError(404, "This file was not uploaded.")
    return JSONResponse({}, media_type=_MEDIA_TYPE)


def _stored(call: Call, oid: str, size: int) -> bool:
    snapshot = call.writable()
    path = snapshot.oids.get(oid)
    return (path is not None and snapshot.files[path].size == size) or call.hub.uploads.has(call.repo, oid, size)
