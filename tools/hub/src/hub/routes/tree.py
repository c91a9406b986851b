"""What is in a dataset: its files and folders."""

from typing import Any
from urllib.parse import parse_qs

from starlette.responses import JSONResponse, Response

from hub.call import Call
from hub.errors import bad_request, entry_not_found
from hub.files import LFS_POINTER_BYTES
from hub.routes.datasets import timestamp
from hub.snapshot import Snapshot


async def tree(call: Call) -> Response:
    """GET /api/datasets/{r}/tree/{rev}[/{path}]?recursive=&expand="""
    snapshot = call.at_revision(call.readable())
    if call.path and call.path not in snapshot.folders:
        raise entry_not_found(call.path, snapshot.sha)
    prefix = f"{call.path}/" if call.path else ""
    return JSONResponse(
        [
            _entry(snapshot, path, expand=call.flag("expand"))
            for path in sorted([*snapshot.folders, *snapshot.files])
            if path.startswith(prefix) and (call.flag("recursive") or "/" not in path[len(prefix) :])
        ]
    )


async def paths_info(call: Call) -> Response:
    """POST /api/datasets/{r}/paths-info/{rev}"""
    snapshot = call.at_revision(call.readable())
    paths, expand = await _asked_for(call)
    asked = dict.fromkeys(path.strip("/") for path in paths)
    return JSONResponse(
        [_entry(snapshot, path, expand=expand) for path in asked if path in snapshot.files or path in snapshot.folders]
    )


async def _asked_for(call: Call) -> tuple[list[str], bool]:
    if "json" in call.request.headers.get("content-type", ""):
        content: dict[str, Any] = await call.json()
        paths = content.get("paths", [])
        if isinstance(paths, str):
            paths = [paths]
        if not isinstance(paths, list) or not all(isinstance(path, str) for path in paths):
            raise bad_request('"paths" must be a list of strings.')
        return paths, content.get("expand") is True
    try:
        form = parse_qs((await call.body()).decode(), keep_blank_values=True, errors="strict")
    except ValueError:
        raise bad_request("The body must be a form in UTF-8.") from None
    return form.get("paths", []), form.get("expand", [""])[0].lower() in {"true", "1"}


def _entry(snapshot: Snapshot, path: str, *, expand: bool) -> dict[str, object]:
    entry: dict[str, object]
    modified = snapshot.last_modified
    if path in snapshot.files:
        file = snapshot.files[path]
        modified = file.signature.mtime_ns / 1e9
        entry = {"type": "file", "oid": file.blob_id, "size": file.size, "path": path}
        if file.sha256 is not None:
            entry["lfs"] = {"oid": file.sha256, "size": file.size, "pointerSize": LFS_POINTER_BYTES}
    else:
        entry = {"type": "directory", "oid": snapshot.folders[path], "size": 0, "path": path}
    if expand:
        entry["lastCommit"] = {"id": snapshot.sha, "title": f"Update {path}", "date": timestamp(modified)}
    return entry
