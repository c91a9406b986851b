"""Entity tags: one for each coding of a body. Source: RFC 9110, sections 8.8.3 and 13.1.2."""

import re

from api.negotiation import IDENTITY

_TAG = re.compile(r'"([0-9a-z]+)(?:-gzip|-zstd)?"')


def entity_tag(digest: str, coding: str) -> str:
    """The strong entity tag of a body in a coding."""
    return f'"{digest}"' if coding == IDENTITY else f'"{digest}-{coding}"'


def matching_tag(if_none_match: str, digest: str) -> str | None:
    """The tag, of those that a client has, of this body in any coding; None if it has none of them."""
    if if_none_match.strip() == "*":
        return entity_tag(digest, IDENTITY)
    tags = _TAG.finditer(if_none_match)
    return next((tag[0] for tag in tags if tag[1] == digest), None)
