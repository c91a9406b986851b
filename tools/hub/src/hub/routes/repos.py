"""Making, moving and removing datasets, and who may see them."""

import asyncio
import logging
import shutil
from dataclasses import asdict, replace
from typing import Any

from starlette.responses import JSONResponse, Response

from hub.call import Call, text_field
from hub.errors import HubError, bad_request, repo_not_found
from hub.moves import move_locked
from hub.names import is_legal_repo
from hub.rules import AccessError

logger = logging.getLogger("hub.repos")


async def create(call: Call) -> Response:
    """POST /api/repos/create"""
    content = await call.json()
    repo = _named(call, content)
    call.check_may_write(f"You don't have the right to create a dataset under {repo.partition('/')[0]}.")
    private = _asked_private(content)
    answer = {"url": f"{call.base_url}/datasets/{repo}", "name": repo}
    store, access = call.hub.store, call.hub.access
    async with store.lock(repo):
        try:
            if not await asyncio.to_thread((store.directory / repo).exists):
                await asyncio.to_thread(access.forget_move, repo)
                if private is not None:
                    # Before the folder is there: nobody may see it for a moment.
                    await asyncio.to_thread(
                        access.set_visibility, repo, replace(access.visibility(repo), private=private)
                    )
                await store.create_locked(repo)
                return JSONResponse(answer)
        except (FileExistsError, NotADirectoryError):
            pass
        await store.refresh_locked(repo)
    return JSONResponse({"error": "You already created this dataset repo", **answer}, 409)


async def delete(call: Call) -> Response:
    """DELETE /api/repos/delete"""
    repo = _named(call, await call.json())
    call.about(repo).manageable()
    # Till the end of its entry: it must not be taken from the next dataset of that name.
    async with call.hub.store.lock(repo):
        try:
            grave = await call.hub.store.bury_locked(repo)
        except FileNotFoundError:
            raise repo_not_found(call.caller) from None
        call.hub.uploads.forget(repo)
        try:
            await asyncio.to_thread(call.hub.access.forget, repo)
        except AccessError as error:
            logger.warning("the entry of %s stays in hub.yaml: %s", repo, error)
    await asyncio.to_thread(shutil.rmtree, grave, ignore_errors=True)
    return JSONResponse({})


async def move(call: Call) -> Response:
    """POST /api/repos/move"""
    content = await call.json()
    _check_type(content)
    old, new = (_legal(text_field(content, key)) for key in ("fromRepo", "toRepo"))
    async with call.hub.store.locks(old, new):
        # Who may write one dataset may write all, and create them.
        call.about(old).writable()
        try:
            await move_locked(call.hub.store, call.hub.access, old, new)
        except FileNotFoundError:
            raise repo_not_found(call.caller) from None
        except FileExistsError:
            raise HubError(409, f"{new} can't be its name: that is taken.") from None
        call.hub.uploads.forget(old)
    return JSONResponse({"url": f"{call.base_url}/datasets/{new}", "name": new})


async def settings(call: Call) -> Response:
    """PUT /api/datasets/{r}/settings"""
    call.manageable()
    content = await call.json()
    changes: dict[str, Any] = {}
    if (private := _asked_private(content)) is not None:
        changes["private"] = private
    if "gated" in content:
        changes["gated"] = content["gated"]
        if content["gated"] is not False and content["gated"] not in ("auto", "manual"):
            raise bad_request('"gated" must be "auto", "manual" or false.')
    if "disabled" in content:
        changes["disabled"] = content["disabled"]
        if not isinstance(content["disabled"], bool):
            raise bad_request('"disabled" must be true or false.')
    if not changes:
        raise bad_request('The settings must have "visibility", "gated" or "disabled".')
    async with call.hub.store.lock(call.repo):
        call.manageable()
        visibility = replace(call.visibility, **changes)
        await asyncio.to_thread(call.hub.access.set_visibility, call.repo, visibility)
    call.hub.store.notify()
    return JSONResponse(asdict(visibility))


def _named(call: Call, content: dict[str, Any]) -> str:
    _check_type(content)
    name = text_field(content, "name")
    if content.get("organization") is not None:
        name = f"{text_field(content, 'organization')}/{name}"
    elif "/" not in name and call.caller is not None:
        name = f"{call.caller.name}/{name}"
    return _legal(name)


def _check_type(content: dict[str, Any]) -> None:
    if content.get("type") != "dataset":
        raise bad_request('The only "type" here is dataset.')


def _legal(name: str) -> str:
    if not is_legal_repo(name):
        raise bad_request(
            "A name must be namespace/name, each of at most 96 letters, digits, '.', '_' and '-', with no '--' or '..',"
            " no '.' or '-' at either end, and no '.git' at the end."
        )
    return name


def _asked_private(content: dict[str, Any]) -> bool | None:
    match content.get("visibility"):
        case None:
            return None
        case "private":
            return True
        case "public":
            return False
    raise bad_request('"visibility" must be "public" or "private".')
