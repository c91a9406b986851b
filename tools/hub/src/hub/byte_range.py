"""The `Range` header of HTTP (RFC 9110, section 14), for one range of bytes."""

import re

_ONE_RANGE = re.compile(r"bytes=[ \t]*(\d{0,18})-(\d{0,18})[ \t]*", re.ASCII | re.IGNORECASE)


class UnsatisfiableRangeError(ValueError):
    """The range begins past the end."""


def parse_range(header: str, size: int) -> tuple[int, int] | None:
    """The first byte asked for and the one after the last; None when the header is to be ignored.

    Raises `UnsatisfiableRangeError`.
    """
    found = _ONE_RANGE.fullmatch(header)
    if found is None:
        return None
    first, last = found.groups()
    if first:
        start, stop = int(first), min(int(last) + 1, size) if last else size
        if last and int(last) < start:
            return None
    elif last:
        start, stop = max(size - int(last), 0), size
    else:
        return None
    if start >= size:
        raise UnsatisfiableRangeError
    return start, stop
