"""Looking at what the Hub served."""

from starlette.responses import JSONResponse, Response

from hub.call import Call


async def traffic(call: Call) -> Response:
    """GET /traffic"""
    call.check_may_write("You don't have the right to see the traffic.")
    return JSONResponse({"requests": call.hub.traffic.requests, "bytes": call.hub.traffic.bytes})
