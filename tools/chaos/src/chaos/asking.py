"""Asking over HTTP."""

import ssl

import httpx2

ME = {"Authorization": "Bearer hf_me"}
"""For the Hub and, through it, for the api: may read everything."""


def asker(base_url: str = "", seconds: float = 5.0) -> httpx2.Client:
    """A client without surprises from the environment, nor the certificates that none of the requests needs."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    return httpx2.Client(base_url=base_url, timeout=seconds, trust_env=False, verify=context)


def is_ok(http: httpx2.Client, path: str) -> bool:
    """Whether there is a 200 at `path`."""
    try:
        return http.get(path).status_code == 200
    except httpx2.HTTPError:
        return False
