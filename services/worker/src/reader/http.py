"""How the HTTP clients of `huggingface_hub` are made: as it does itself, with the certificates read once a process.

Reading them takes far longer than anything else about a client, and forked processes have what was read before.
"""

import ssl
from collections.abc import Callable
from functools import cache
from typing import Any

import httpx2

Hooks = dict[str, list[Callable[..., Any]]]


@cache
def certificates() -> ssl.SSLContext:
    """The authorities that servers' certificates may come from, as the environment has them."""
    return httpx2.create_ssl_context()


def options(hooks: Hooks) -> dict[str, Any]:
    """The arguments for an `httpx2.Client` that calls `hooks`."""
    return {"event_hooks": hooks, "follow_redirects": True, "timeout": None, "verify": certificates()}
