"""PDF documents in folders."""

from services.worker.tests.corpus.case import Case, Page, only
from services.worker.tests.corpus.media import Kept, Picture

PDF = {"_type": "Pdf"}


def _page_of_pdf() -> bytes:
    """One empty page (PDF 32000-1:2008, section 7.5)."""
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 100 200]>>",
    ]
    data, offsets = bytearray(b"%PDF-1.4\n"), []
    for number, content in enumerate(objects, 1):
        offsets.append(len(data))
        data += b"%d 0 obj%sendobj\n" % (number, content)
    start = len(data)
    data += b"xref\n0 4\n0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    data += b"trailer<</Size 4/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % start
    return bytes(data)


_BROKEN = b"%PDF-1.4\n%%EOF\n"

CASES = [
    Case(
        "document-without-pages",
        lambda: {"x.pdf": _BROKEN},
        only(
            Page({"pdf": PDF}, [{"pdf": {"src": Kept(_BROKEN, ".pdf"), "size_bytes": len(_BROKEN), "thumbnail": None}}])
        ),
    ),
    Case(
        "document-html-called-pdf",
        lambda: {"x.pdf": b"<html><script>alert(1)</script></html>"},
        only(Page({"pdf": PDF}, [{"pdf": None}], errors={0: {"pdf": "x.pdf: not a PDF"}})),
    ),
    Case(
        "document-of-zero-bytes",
        lambda: {"x.pdf": b""},
        only(Page({"pdf": PDF}, [{"pdf": None}], errors={0: {"pdf": "x.pdf: not a PDF"}})),
    ),
    Case(
        "document-of-one-page",
        lambda: {"x.pdf": _page_of_pdf()},
        only(
            Page(
                {"pdf": PDF},
                [
                    {
                        "pdf": {
                            "src": Kept(_page_of_pdf(), ".pdf"),
                            "size_bytes": len(_page_of_pdf()),
                            "thumbnail": {"src": Picture((255, 255, 255, 255)), "height": ..., "width": ...},
                        }
                    }
                ],
            )
        ),
    ),
]
