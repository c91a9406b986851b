"""Commits: the one way to change the files of a dataset through the API."""

import asyncio
import secrets

from starlette.responses import JSONResponse, Response

from hub.call import Call
from hub.commits import apply, discard, finish_commits, settle, staging_folder
from hub.errors import HubError, bad_request, repo_not_found
from hub.ndjson import CommitBody, read_commit
from hub.snapshot import Snapshot


async def commit(call: Call) -> Response:
    """POST /api/datasets/{r}/commit/{rev}"""
    call.at_head(call.writable())
    if call.flag("create_pr"):
        raise bad_request("This small Hub has no pull requests.")
    staging = staging_folder(call.hub.store) / secrets.token_hex(8)
    await asyncio.to_thread(staging.mkdir, parents=True)
    try:
        body = await read_commit(call.stream(), staging)
        async with call.hub.store.lock(call.repo):
            snapshot = await _prepare(call, body)
            outcome = settle(snapshot, body.operations)
            await asyncio.to_thread(
                apply,
                call.hub.store,
                call.repo,
                snapshot,
                staging,
                outcome,
                lambda oid: call.hub.uploads.path(call.repo, oid),
            )
            committed = await call.hub.store.refresh_locked(call.repo)
    finally:
        await asyncio.to_thread(discard, staging)
    if committed is None:
        raise repo_not_found(call.caller)
    return JSONResponse(
        {
            "success": True,
            "commitUrl": f"{call.base_url}/datasets/{call.repo}/commit/{committed.sha}",
            "commitOid": committed.sha,
            "hookOutput": "",
        }
    )


async def _prepare(call: Call, body: CommitBody) -> Snapshot:
    await asyncio.to_thread(finish_commits, call.hub.store, call.repo)
    await call.hub.store.refresh_locked(call.repo)
    # Much may have happened while the body came.
    snapshot = call.writable()
    if body.parent is not None and body.parent != snapshot.sha:
        raise HubError(412, "A commit has happened since. Please refresh and try again.")
    return snapshot
