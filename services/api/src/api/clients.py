"""Who sends a request: the address of a client, also behind proxies."""

import re
from ipaddress import IPv6Address, ip_address

from starlette.requests import Request

_NETWORK_OF_A_CLIENT = 64
# Some proxies add the port, too.
_WITH_PORT = re.compile(r"\[(.*)\](?::\d+)?|([\d.]+):\d+")


def client_of(request: Request, trusted_proxies: int) -> str:
    """Whom to count a request for; `trusted_proxies` is how many proxies of our own add to `X-Forwarded-For`.

    An IPv6 client has a whole network of addresses, so it is that network.
    """
    address = request.client.host if request.client else ""
    if trusted_proxies:
        forwarded = [each.strip() for each in ",".join(request.headers.getlist("x-forwarded-for")).split(",")]
        # What stands further to the left was said by the client itself.
        address = forwarded[max(len(forwarded) - trusted_proxies, 0)] or address
    if with_port := _WITH_PORT.fullmatch(address):
        address = with_port[1] or with_port[2]
    try:
        parsed = ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is None:
        return str(int(parsed) >> (128 - _NETWORK_OF_A_CLIENT))
    return str(parsed)
