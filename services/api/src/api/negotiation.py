"""Which content encoding a client really accepts: RFC 9110, section 12.5.3."""

import re

_QUALITY = re.compile(r"q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)", re.IGNORECASE)


def accepts_gzip(accept_encoding: str) -> bool:
    """Whether gzip is acceptable and not liked less than no encoding at all; a malformed part counts as absent."""
    qualities: dict[str, float] = {}
    for part in accept_encoding.lower().split(","):
        coding, *parameters = (piece.strip() for piece in part.split(";"))
        if not parameters:
            qualities[coding] = 1.0
        elif len(parameters) == 1 and (quality := _QUALITY.fullmatch(parameters[0])):
            qualities[coding] = float(quality[1])
    gzip = qualities.get("gzip", qualities.get("x-gzip", qualities.get("*", 0.0)))
    return gzip > 0 and gzip >= qualities.get("identity", 0.0)
