"""Looks at JSON before the library parses it: its parser takes good lines down with a bad one, and the process with
what is nested too deeply.
"""

import codecs
import io
import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import orjson
import pyarrow as pa
import pyarrow.json
from libcommon.errors import CodedError

# What people nest is far below; the parser's stack ends far above.
MAX_DEPTH = 500
# More than a page has rows.
_MOST_LINES = 150
_DECODER = json.JSONDecoder()
_BRACKET = re.compile(rb'"(?:[^"\\]++|\\(?:.|\Z))*+(?:"|\Z)|[\[\]{}]', re.DOTALL)


class Checked(NamedTuple):
    """The lines before the first one that is broken, and what is wrong with that one, if there is one."""

    content: bytes
    error: CodedError | None = None


def check_json(path: str, content: bytes) -> Checked:
    """Checks a file of JSON Lines line by line; of other JSON, which the library may read, the nesting alone.

    Raises:
        CodedError: `CorruptDataError`: not even the first line can be read.
    """
    text = content.removeprefix(codecs.BOM_UTF8)
    lines = text.splitlines(keepends=True)
    first = next((line for line in lines if line.strip()), b"")
    # The library's parser is no judge of what begins with null: that ends the process.
    if first and not first.lstrip().startswith((b"{", b"[")):
        raise _error(path, lines.index(first) + 1, "it is no JSON object")
    if not first.lstrip().startswith(b"{") or not _is_json(first):
        if _is_deep(text):
            raise _error(path, None, f"a value is nested too deeply, in more than {MAX_DEPTH} levels: flatten it")
        return Checked(content)
    end = len(content) - len(text)
    for number, line in enumerate(lines, 1):
        problem = _problem(line)
        if problem is not None:
            if _are_objects(content[end:]):
                return Checked(content)
            error = _error(path, number, problem)
            if not content[:end].strip():
                raise error
            return Checked(content[:end], error)
        end += len(line)
    return Checked(content)


def first_refused(content: bytes) -> int:
    """The number of the first line of JSON Lines that the library's parser refuses by itself, counted from 1; of the
    lines that a page can't need, the first.
    """
    lines = content.splitlines()[:_MOST_LINES]
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        if not line.lstrip().startswith(b"{"):
            return number
        try:
            pyarrow.json.read_json(io.BytesIO(line))
        except pa.ArrowInvalid:
            return number
    return len(lines) + 1


def _problem(line: bytes) -> str | None:
    if not line.strip():
        return None
    if _is_deep(line):
        return f"a value is nested too deeply, in more than {MAX_DEPTH} levels: flatten it"
    return None if line.lstrip().startswith(b"{") and _is_json(line) else "it is no JSON object"


def _are_objects(text: bytes) -> bool:
    """Whether these are JSON objects, which to the library may have several lines, and nothing between them: its parser
    dies of a null that begins one of its blocks.
    """
    if not text.lstrip().startswith(b"{") or _is_deep(text):
        return False
    try:
        return all(isinstance(value, dict) for value in _values(_decoded(text)))
    except (ValueError, RecursionError):
        return False


def _error(path: str, line: int | None, problem: str) -> CodedError:
    where = f"{path}, line {line}" if line is not None else path
    return CodedError("CorruptDataError", f"{where}: {problem}. Each line must be one JSON object.")


def _is_deep(text: bytes) -> bool:
    if text.count(b"{") + text.count(b"[") <= MAX_DEPTH:
        return False
    depth = 0
    for bracket in _BRACKET.finditer(text):
        depth += {b"{": 1, b"[": 1, b"}": -1, b"]": -1}.get(bracket[0], 0)
        if depth > MAX_DEPTH:
            return True
    return False


def _is_json(line: bytes) -> bool:
    """Whether it is one JSON value or several; NaN and infinities are such values to the library."""
    try:
        orjson.loads(line)
    except orjson.JSONDecodeError:
        try:
            for _ in _values(_decoded(line)):
                pass
        except (ValueError, RecursionError):
            return False
    return True


def _decoded(data: bytes) -> str:
    """A text that is not UTF-8 is an error of its cell, and no end of the page."""
    return data.decode(errors="replace")


def _values(text: str) -> Iterator[Any]:
    """The JSON values that stand one after the other; raises ValueError where there is something else."""
    position = _end_of_space(text, 0)
    while position < len(text):
        value, position = _DECODER.raw_decode(text, position)
        yield value
        position = _end_of_space(text, position)


def _end_of_space(text: str, begin: int) -> int:
    while begin < len(text) and text[begin].isspace():
        begin += 1
    return begin
