"""PDF documents are kept as they are, with a picture of their first page by PDFium."""

from typing import Any

import pypdfium2  # type: ignore[import-untyped]

from reader.features.image import png_of
from reader.features.kinds import CellError, Conversion, Decoded

# Readers of PDF take what stands before the header for junk. Source: implementation note 13 to the PDF Reference 1.7.
_HEADER_WITHIN = 1_024
_THUMBNAIL_PIXELS = 512


def convert(_feature: Any, value: Any, conversion: Conversion) -> Any:
    """`{"src", "size_bytes", "thumbnail": {"src", "height", "width"}}`; no thumbnail where no page can be drawn."""
    media = conversion.media("pdf", value)
    picture = media.thumbnail
    return {"src": media.src, **media.details, "thumbnail": picture and {"src": picture.src, **picture.details}}


def decode(data: bytes) -> Decoded:
    """The document itself.

    Raises:
        CellError: not a PDF.
    """
    if b"%PDF-" not in data[:_HEADER_WITHIN]:
        raise CellError("not a PDF document")
    return Decoded(data, ".pdf", "application/pdf", {"size_bytes": len(data)}, _thumbnail_of(data))


def _thumbnail_of(data: bytes) -> Decoded | None:
    """A picture of the first page, its longer side 512 pixels; None where the page can't be drawn."""
    try:
        with pypdfium2.PdfDocument(data) as document:
            page = document[0]
            longer = max(page.get_size())
            return png_of(page.render(scale=_THUMBNAIL_PIXELS / longer).to_pil())
    except (pypdfium2.PdfiumError, IndexError, ZeroDivisionError, ValueError, OverflowError):
        return None
