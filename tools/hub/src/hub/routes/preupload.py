"""What a client asks before it commits: how to send each file, and whether the card is valid."""

from starlette.responses import JSONResponse, Response

from hub.call import Call, list_field, size_field, text_field
from hub.card import CardError, parse_card
from hub.errors import bad_request
from hub.files import is_lfs
from hub.names import is_hidden, is_legal_path


async def preupload(call: Call) -> Response:
    """POST /api/datasets/{r}/preupload/{rev}"""
    snapshot = call.at_head(call.writable())
    answers = []
    for file in list_field(await call.json(), "files"):
        path, size = text_field(file, "path"), size_field(file, "size")
        if not is_legal_path(path):
            raise bad_request("A path must stay inside the repository and have no empty, '.' or '..' segments.")
        present = snapshot.files.get(path)
        answers.append(
            {
                "path": path,
                "uploadMode": "lfs" if is_lfs(path, size) else "regular",
                "shouldIgnore": is_hidden(path),
                # The client compares it with the sha256 of a file in large file storage, the git sha1 of another.
                "oid": present.etag if present else None,
            }
        )
    return JSONResponse({"files": answers})


async def validate_yaml(call: Call) -> Response:
    """POST /api/validate-yaml"""
    try:
        parse_card(text_field(await call.json(), "content"))
    except CardError as error:
        return JSONResponse({"errors": [{"message": str(error)}], "warnings": []}, 400)
    return JSONResponse({"errors": [], "warnings": []})
