"""Finding the handler of a request by its raw path.

Clients send revisions and folders as one segment with `%2F` inside, so a path is split before it is decoded.
"""

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar
from urllib.parse import unquote

from hub.errors import HubError, bad_request

HandlerT = TypeVar("HandlerT", bound=Callable[..., Awaitable[object]])

_PLACEHOLDER = re.compile(r"\{(?P<name>\w+)(?P<rest>\.\.\.)?\}(?P<suffix>.*)")


@dataclass(frozen=True)
class Route(Generic[HandlerT]):
    """A method and a pattern: literal segments, `{name}` for one segment, `{name...}` for all that follow.

    A HEAD request is served by the handler of GET.
    """

    method: str
    pattern: str
    handler: HandlerT

    def match(self, segments: Sequence[str]) -> dict[str, str] | None:
        wanted = self.pattern.strip("/").split("/")
        found: dict[str, str] = {}
        for position, part in enumerate(wanted):
            placeholder = _PLACEHOLDER.fullmatch(part)
            if placeholder is not None and placeholder["rest"]:
                if position >= len(segments):
                    return None
                found[placeholder["name"]] = "/".join(segments[position:])
                return found
            if position >= len(segments):
                return None
            if placeholder is None:
                if segments[position] != part:
                    return None
            elif segments[position].endswith(placeholder["suffix"]):
                found[placeholder["name"]] = segments[position].removesuffix(placeholder["suffix"])
            else:
                return None
        return found if len(wanted) == len(segments) else None


def find(routes: Sequence[Route[HandlerT]], method: str, raw_path: bytes) -> tuple[HandlerT, dict[str, str]]:
    """The handler for a request, and the values of the placeholders in its pattern.

    Raises `HubError`: 400 for a path that can't be decoded, 404 when there is no such endpoint, 405 for the method.
    """
    segments = [_decode(segment) for segment in raw_path.lstrip(b"/").split(b"/")]
    wanted = "GET" if method == "HEAD" else method
    allowed = set()
    for route in routes:
        values = route.match(segments)
        if values is not None:
            if route.method == wanted:
                return route.handler, values
            allowed.add(route.method)
    if allowed:
        raise HubError(405, f"{method} is not possible here.", headers={"Allow": ", ".join(sorted(allowed))})
    raise HubError(404, "This small Hub has no such endpoint.")


def _decode(segment: bytes) -> str:
    try:
        decoded = unquote(segment.decode("ascii"), errors="strict")
    except UnicodeDecodeError:
        raise bad_request("The path is not valid UTF-8.") from None
    if "\0" in decoded:
        raise bad_request("The path must not contain a NUL character.")
    return decoded
