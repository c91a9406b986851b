"""What a client really accepts: RFC 9110, section 12."""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

from starlette.requests import Request

IDENTITY = "identity"
PROBLEM = "application/problem+json"

# Longer than what any client sends, and short enough to be looked at and remembered.
_MAX_LENGTH = 2_000

_QUALITY = re.compile(r"q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)", re.IGNORECASE)


def header_list(request: Request, name: str) -> str:
    """The values of a header that is a list, however many lines they came in; nothing of one too long to be meant."""
    value = ",".join(request.headers.getlist(name))
    return value if len(value) <= _MAX_LENGTH else ""


@lru_cache(1000)
def content_coding(accept_encoding: str, offered: Sequence[str]) -> str:
    """The coding to send: of those `offered`, the best first, the one that is liked most; else `identity`.

    A coding is offered in vain where no coding at all is liked better.
    """
    qualities = _qualities(accept_encoding)
    rest = qualities.get("*", 0.0)
    plain = qualities.get(IDENTITY, 0.0)
    liked = {coding: _liked(qualities, coding, rest) for coding in offered}
    best = max(liked.values(), default=0.0)
    if best <= 0 or best < plain:
        return IDENTITY
    return next(coding for coding, quality in liked.items() if quality == best)


@lru_cache(1000)
def wants_problem(accept: str) -> bool:
    """Whether problem details (RFC 9457) are asked for by name, and not liked less than JSON."""
    qualities = _qualities(accept)
    problem = qualities.get(PROBLEM, 0.0)
    return problem > 0 and problem >= qualities.get("application/json", 0.0)


def _liked(qualities: Mapping[str, float], coding: str, rest: float) -> float:
    # An old name that clients may still send: RFC 9110, section 8.4.1.3.
    return qualities.get(coding, qualities.get("x-gzip", rest) if coding == "gzip" else rest)


def _qualities(header: str) -> dict[str, float]:
    """How much each value of a list is liked, from 0 to 1; a malformed part counts as absent."""
    qualities: dict[str, float] = {}
    for part in header.lower().split(","):
        value, *parameters = (piece.strip() for piece in part.split(";"))
        if not parameters:
            qualities[value] = 1.0
        elif len(parameters) == 1 and (quality := _QUALITY.fullmatch(parameters[0])):
            qualities[value] = float(quality[1])
    return qualities
