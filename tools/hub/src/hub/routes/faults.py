"""Looking at the injected faults, and changing them while the Hub runs."""

from dataclasses import asdict

from starlette.responses import JSONResponse, Response

from hub.call import Call
from hub.errors import bad_request
from hub.faults import Faults, FaultsError


async def faults(call: Call) -> Response:
    """GET /faults"""
    _check_allowed(call)
    return _describe(call)


async def replace(call: Call) -> Response:
    """PUT /faults: what isn't given is at its default, so `{}` ends them all"""
    _check_allowed(call)
    try:
        call.hub.faults.set(Faults.of(await call.json()))
    except FaultsError as error:
        raise bad_request(f"{error}.") from None
    return _describe(call)


def _check_allowed(call: Call) -> None:
    call.check_may_write("You don't have the right to see or change the faults.")


def _describe(call: Call) -> Response:
    return JSONResponse({"faults": asdict(call.hub.faults.faults), "injected": call.hub.faults.injected})
