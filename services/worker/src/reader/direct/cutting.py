"""Shortening the beginning of a long file of records to whole records."""

import codecs
import re
from collections.abc import Callable
from itertools import islice
from typing import NamedTuple

import orjson


class Shortened(NamedTuple):
    """What is left, and how many records or lines there are in it at least."""

    content: bytes
    records: int


Cut = Callable[[bytes], Shortened | None]
"""None where the end of a record can't be seen."""

# Within as many brackets, or line ends between quotes, good data has the end of a record.
_MOST_STEPS = 2_000_000
_EMPTY_LINE = re.compile(rb"\r?\n\r?\n")
# A string may be cut off anywhere, holds what looks like other tokens, and is long: nothing of it is remembered.
_JSON_TOKEN = re.compile(rb'"(?:[^"\\]++|\\(?:.|\Z))*+(?:"|\Z)|[\[\]{},]', re.DOTALL)


def cut_lines(data: bytes) -> Shortened | None:
    """After the last line."""
    return _up_to(data, data.rfind(b"\n") + 1)


def cut_quoted_lines(data: bytes, quote: bytes) -> Shortened | None:
    """After the last line that does not end between quotes."""
    quotes = data.count(quote)
    end = len(data)
    for _ in range(_MOST_STEPS):
        newline = data.rfind(b"\n", 0, end)
        if newline < 0:
            break
        quotes -= data.count(quote, newline, end)
        if quotes % 2 == 0:
            return _up_to(data, newline + 1)
        end = newline
    return None


def cut_paragraphs(data: bytes) -> Shortened | None:
    """After the last empty line."""
    ends = [match.end() for match in _EMPTY_LINE.finditer(data)]
    return Shortened(data[: ends[-1]], len(ends)) if ends else None


def cut_json(data: bytes) -> Shortened | None:
    """After the last line, where the first line is a whole JSON value, or after the last item of an array."""
    first, newline, _ = data.removeprefix(codecs.BOM_UTF8).partition(b"\n")
    if newline and _is_json(first):
        return cut_lines(data)
    return _cut_array(data) if first.lstrip().startswith(b"[") else None


def _cut_array(data: bytes) -> Shortened | None:
    depth, end, items = 0, 0, 0
    for token in islice(_JSON_TOKEN.finditer(data), _MOST_STEPS):
        match token[0]:
            case b"[" | b"{":
                depth += 1
            case b"]" | b"}":
                depth -= 1
            case b"," if depth == 1:
                end, items = token.start(), items + 1
    return Shortened(data[:end] + b"]", items) if items else None


def _up_to(data: bytes, end: int) -> Shortened | None:
    return Shortened(data[:end], data.count(b"\n", 0, end)) if end else None


def _is_json(text: bytes) -> bool:
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError:
        return False
    return True
