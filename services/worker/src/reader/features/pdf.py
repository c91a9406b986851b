"""PDF documents are kept as they are."""

from typing import Any

from reader.features.kinds import CellError, Conversion, Decoded


def convert(_feature: Any, value: Any, conversion: Conversion) -> Any:
    """`{"src", "size_bytes"}`."""
    media = conversion.media("pdf", value)
    return {"src": media.src, **media.details}


def decode(data: bytes) -> Decoded:
    """The document itself.

    Raises:
        CellError: not a PDF.
    """
    if not data.startswith(b"%PDF-"):
        raise CellError("not a PDF document")
    return Decoded(data, ".pdf", "application/pdf", {"size_bytes": len(data)})
