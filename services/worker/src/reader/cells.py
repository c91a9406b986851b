"""One cell: from the value that the library gives to the bytes of JSON that a client gets."""

import secrets
from dataclasses import dataclass
from typing import Any

import orjson
import pyarrow as pa

from reader.features.kinds import CellError, Media
from reader.features.table import converter_of
from reader.media import Decode
from reader.plain import python_value
from reader.sources import MediaSource

NULL = b"null"
MAX_ERROR_CHARACTERS = 200
_PAGE_SHARE = 4


@dataclass(frozen=True, slots=True)
class Cell:
    """The JSON of a cell, where its asset URLs end in it, the staged files behind them, and what is wrong with it."""

    json: bytes
    asset_ends: tuple[int, ...] = ()
    files: frozenset[str] = frozenset()
    error: str | None = None


class CellWriter:
    """Writes the cells of one page; the media files in them go to `decode`, their URLs start with `asset_url`."""

    def __init__(self, sources: MediaSource, decode: Decode, asset_url: str, *, max_bytes: int) -> None:
        self._max_media_bytes = max_bytes // _PAGE_SHARE
        self._sources = sources
        self._decode = decode
        self._prefix = orjson.dumps(f"{asset_url}/")[1:-1]
        # No data can hold it, so where it stands in the JSON is where a URL of ours begins.
        self._marker = secrets.token_hex(16)
        self._files: set[str] = set()
        self._error: str | None = None

    def write(self, feature: Any, value: pa.Scalar) -> Cell:
        """The cell for `value`, which is as the `datasets` library gives it with decoding off.

        Raises:
            CodedError: the Hub, or this machine, failed while a media file was read.
            RevisionGone: a media file's revision is not on the Hub any more.
        """
        self._files, self._error = set(), None
        try:
            converted = self.part(feature, python_value(value))
        except UnicodeDecodeError:
            return Cell(NULL, error="a text that is not UTF-8")
        except (ValueError, ArithmeticError, pa.ArrowException):
            return Cell(NULL, error="a value out of the range that can be shown")
        try:
            json = orjson.dumps(converted, option=orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS)
        except orjson.JSONEncodeError as error:
            self._report(f"not a value that JSON can hold ({error})")
            return Cell(NULL, error=self._error)
        if not self._files:
            return Cell(json, error=self._error)
        json, ends = self._with_urls(json)
        if len(json) > self._max_media_bytes:  # it may not be cut, and would leave no room for others
            return Cell(NULL, error=f"{len(self._files)} media files in one cell are too many to be shown")
        return Cell(json, ends, frozenset(self._files), self._error)

    def part(self, feature: Any, value: Any) -> Any:
        if value is None:
            return None
        try:
            return converter_of(feature)(feature, value, self)
        except CellError as error:
            self._report(str(error))
            return None

    def media(self, kind: str, value: Any) -> Media:
        data, name = self._sources.read(value)
        return self._staged(self._decode(kind, data, name))

    def _staged(self, decoded: dict[str, Any]) -> Media:
        self._files.add(decoded["file"])
        thumbnail = decoded["thumbnail"] and self._staged(decoded["thumbnail"])
        return Media(self._marker + decoded["file"], decoded["type"], decoded["details"], thumbnail)

    def _report(self, message: str) -> None:
        if self._error is None:  # the first of a cell tells enough
            self._error = message[:MAX_ERROR_CHARACTERS]

    def _with_urls(self, json: bytes) -> tuple[bytes, tuple[int, ...]]:
        first, *rest = json.split(self._marker.encode())
        written, ends = bytearray(first), []
        for piece in rest:
            written += self._prefix
            ends.append(len(written) + piece.index(b'"'))
            written += piece
        return bytes(written), tuple(ends)
