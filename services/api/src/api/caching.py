"""What caches may keep: only what everybody may see."""

from starlette.requests import Request

VARY = "Accept-Encoding, Authorization, Cookie"

KEEP_AND_ASK = "@1"
"""The `X-Accel-Expires` of what our nginx may keep: out of date since 1970, so it asks with the `ETag` each time."""

_FRESH = "max-age=120, stale-while-revalidate=600"
_ASSET = "max-age=120"
_SOON_OTHERWISE = "max-age=10"
_NEVER = "private, no-store"


def cache_control(*, shared: bool, fresh: bool) -> str:
    """The header's value; an answer that is not `fresh` is an error or will soon be another."""
    if not shared:
        return _NEVER
    return _FRESH if fresh else _SOON_OTHERWISE


def asset_cache_control(*, shared: bool) -> str:
    """The same for an asset: what is at its URL never changes, but may be taken away."""
    return _ASSET if shared else _NEVER


def may_be_shared(request: Request) -> bool:
    """Whether the answer to this request tells nothing that only some may know."""
    return bool(getattr(request.state, "shared", True))


def share(request: Request, shared: bool) -> None:
    """Notes for every answer to this request, errors included, whether caches may keep it."""
    request.state.shared = shared
