"""Who the caller is, and what the caller may do."""

from starlette.responses import JSONResponse, Response

from hub.call import Call
from hub.errors import HubError
from hub.names import object_id


async def whoami(call: Call) -> Response:
    """GET /api/whoami-v2"""
    caller = call.caller
    if caller is None:
        raise HubError(401, "Invalid username or password.")
    access_token = {"displayName": caller.name, "role": "write" if caller.writes_everything else "read"}
    return JSONResponse(
        {
            "type": "user",
            "id": object_id(caller.name),
            "name": caller.name,
            "fullname": caller.name,
            "orgs": [{"type": "org", "name": name} for name in caller.organizations],
            "auth": {"type": "access_token", "accessToken": access_token},
        }
    )


async def auth_check(call: Call) -> Response:
    """GET /api/datasets/{r}/auth-check"""
    call.readable()
    return JSONResponse({})


async def auth_check_write(call: Call) -> Response:
    """GET /api/datasets/{r}/auth-check/write"""
    call.writable()
    return JSONResponse({})
