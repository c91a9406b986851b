"""PDF documents, and the pictures of their first pages."""

import io
from pathlib import Path

import pypdfium2  # type: ignore[import-untyped]
import pytest
from PIL import Image
from reader.features.kinds import CellError
from reader.media import decode


def document(*pages: Image.Image) -> bytes:
    data = io.BytesIO()
    pages[0].save(data, "PDF", save_all=True, append_images=pages[1:])
    return data.getvalue()


def page_of(width: float, height: float) -> bytes:
    data = io.BytesIO()
    with pypdfium2.PdfDocument.new() as new:
        new.new_page(width, height)
        new.save(data)
    return data.getvalue()


RED = document(Image.new("RGB", (200, 100), "red"), Image.new("RGB", (50, 50), "blue"))


def test_a_document_is_kept_with_a_picture_of_its_first_page(tmp_path: Path) -> None:
    decoded = decode("pdf", RED, None, staging=tmp_path)
    assert (tmp_path / decoded["file"]).read_bytes() == RED
    assert (decoded["type"], decoded["details"]) == ("application/pdf", {"size_bytes": len(RED)})
    thumbnail = decoded["thumbnail"]
    assert thumbnail["details"] == {"height": 256, "width": 512}
    with Image.open(tmp_path / thumbnail["file"]) as picture:
        assert (picture.format, picture.size) == ("PNG", (512, 256))
        assert picture.convert("RGB").getpixel((256, 128)) == pytest.approx((255, 0, 0), abs=3)
    assert sorted(file.name for file in tmp_path.iterdir()) == sorted([decoded["file"], thumbnail["file"]])


@pytest.mark.parametrize("size", [(1, 1), (3, 14_000), (14_000, 3)])
def test_a_page_of_any_size_gives_a_picture_of_bounded_size(size: tuple[float, float], tmp_path: Path) -> None:
    details = decode("pdf", page_of(*size), None, staging=tmp_path)["thumbnail"]["details"]
    assert max(details.values()) == 512
    assert min(details.values()) >= 1


def _without_pages() -> bytes:
    data = io.BytesIO()
    with pypdfium2.PdfDocument.new() as new:
        new.save(data)
    return data.getvalue()


_LOCKED = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj "
    b"3 0 obj<</Filter/Standard/V 1/R 2/O(" + b"o" * 32 + b")/U(" + b"u" * 32 + b")/P -4>>endobj\n"
    b"trailer<</Root 1 0 R/Encrypt 3 0 R/ID[(a)(a)]>>\n%%EOF"
)


@pytest.mark.parametrize(
    "data",
    [b"%PDF-1.4\n%%EOF\n", RED[:300], _without_pages(), _LOCKED],
    ids=["empty", "cut off", "without pages", "locked"],
)
def test_a_document_whose_page_can_not_be_drawn_is_kept_without_a_picture(data: bytes, tmp_path: Path) -> None:
    decoded = decode("pdf", data, None, staging=tmp_path)
    assert (tmp_path / decoded["file"]).read_bytes() == data
    assert decoded["thumbnail"] is None


def test_a_document_that_is_a_zip_archive_too_is_a_document(tmp_path: Path) -> None:
    data = RED + b"PK\x05\x06" + bytes(18)
    assert decode("pdf", data, "x.zip", staging=tmp_path)["file"].endswith(".pdf")


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"<html>" + bytes(2_000) + b"%PDF-1.4", b"%!PS-Adobe-3.0"])
def test_what_is_not_a_document_is_an_error(data: bytes, tmp_path: Path) -> None:
    with pytest.raises(CellError, match="not a PDF"):
        decode("pdf", data, None, staging=tmp_path)
    assert list(tmp_path.iterdir()) == []
