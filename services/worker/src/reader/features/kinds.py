"""What the files of this folder share: how a cell asks for its parts, and what a decoder hands back."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol


class CellError(Exception):
    """A cell, or a part of one, cannot be shown; the message says why, to the author of the data."""


class Conversion(Protocol):
    """What a converter may ask for while it converts one cell."""

    def part(self, feature: Any, value: Any) -> Any:
        """Convert a part of the cell; a part that cannot be shown becomes None and is reported."""

    def media(self, kind: str, value: Any) -> "Media":
        """Read and decode the media file that `value` holds or points to.

        Raises:
            CellError: it can't be.
        """


Converter = Callable[[Any, Any, Conversion], Any]
"""From (feature, value that is not None, conversion) to what is written as JSON; raises CellError."""


@dataclass(frozen=True, slots=True)
class Media:
    """A media file that was written: the URL it will have, its media type, the details of its kind, maybe a picture."""

    src: str
    media_type: str
    details: dict[str, Any]
    thumbnail: "Media | None" = None


@dataclass(frozen=True, slots=True)
class Decoded:
    """A media file for browsers, and maybe a picture of it; the extension has its dot."""

    data: bytes
    extension: str
    media_type: str
    details: dict[str, Any] = field(default_factory=dict)
    thumbnail: "Decoded | None" = None
