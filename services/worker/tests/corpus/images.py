"""Images in folders: formats, modes, labels, metadata, damage."""

import io
from collections.abc import Callable

import numpy as np
from PIL import Image

from services.worker.tests.corpus.case import Case, Failure, Files, Page, only
from services.worker.tests.corpus.contents import zipped
from services.worker.tests.corpus.media import Asset, Kept, Picture
from services.worker.tests.reader.edge_cases import lines, picture

IMAGE = {"_type": "Image"}
_PNG, _BLUE = picture(), picture("blue")
_RED = (255, 0, 0, 255)
_ANIMATED = {"save_all": True, "append_images": [Image.new("RGB", (4, 3), "blue")], "duration": 100, "loop": 0}


def shown(asset: Asset, width: int = 4, height: int = 3) -> dict[str, object]:
    """The cell of an image."""
    return {"src": asset, "height": height, "width": width}


def _one(name: str, file: str, content: Callable[[], bytes], *, size: tuple[int, int] = (4, 3)) -> Case:
    """An image that browsers show, and that is kept as it is."""
    extension = f".{file.rpartition('.')[2]}".replace(".jpeg", ".jpg")
    return Case(
        name,
        lambda: {file: content()},
        only(Page({"image": IMAGE}, [{"image": shown(Kept(content(), extension), *size)}])),
    )


def _converted(
    name: str, file: str, content: Callable[[], bytes], color: tuple[int, int, int, int], size: tuple[int, int] = (4, 3)
) -> Case:
    return Case(
        name,
        lambda: {file: content()},
        only(Page({"image": IMAGE}, [{"image": shown(Picture(color), *size)}])),
    )


def _refused(name: str, file: str, content: Callable[[], bytes], why: str) -> Case:
    """One good image, and then one that isn't shown."""
    return Case(
        name,
        lambda: {"0.png": _PNG, file: content()},
        only(
            Page({"image": IMAGE}, [{"image": shown(Kept(_PNG, ".png"))}, {"image": None}], errors={1: {"image": why}})
        ),
    )


def saved(image: Image.Image, file_format: str, **options: object) -> bytes:
    """The bytes of an image."""
    data = io.BytesIO()
    image.save(data, file_format, **options)
    return data.getvalue()


def _on_its_side() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    return exif.tobytes()


def _folder(name: str, files: Callable[[], Files], page: Page | Failure) -> Case:
    return Case(name, files, only(page))


CASES = [
    _one("image-png", "x.png", picture),
    _one("image-jpeg", "x.jpeg", lambda: picture(file_format="JPEG")),
    _one("image-gif", "x.gif", lambda: picture(file_format="GIF")),
    _one("image-webp", "x.webp", lambda: picture(file_format="WEBP")),
    _one("image-gif-animated", "x.gif", lambda: saved(Image.new("RGB", (4, 3), "red"), "GIF", **_ANIMATED)),
    _one("image-webp-animated", "x.webp", lambda: saved(Image.new("RGB", (4, 3), "red"), "WEBP", **_ANIMATED)),
    _one("image-png-animated", "x.png", lambda: saved(Image.new("RGB", (4, 3), "red"), "PNG", **_ANIMATED)),
    _one("image-png-16-bit", "x.png", lambda: saved(Image.fromarray(np.full((3, 4), 40_000, np.uint16)), "PNG")),
    _one("image-png-palette", "x.png", lambda: saved(Image.new("P", (4, 3), 1), "PNG", transparency=1)),
    _one("image-png-one-bit", "x.png", lambda: saved(Image.new("1", (4, 3), 1), "PNG")),
    _one("image-png-one-pixel", "x.png", lambda: picture(size=(1, 1)), size=(1, 1)),
    _one("image-jpeg-cmyk", "x.jpg", lambda: saved(Image.new("CMYK", (4, 3), (0, 255, 255, 0)), "JPEG")),
    _one("image-jpeg-gray", "x.jpg", lambda: saved(Image.new("L", (4, 3), 100), "JPEG")),
    _one(
        "image-jpeg-on-its-side",
        "x.jpg",
        lambda: picture(size=(6, 2), file_format="JPEG", exif=_on_its_side()),
        size=(2, 6),
    ),
    _one("image-png-polyglot-with-markup", "x.png", lambda: _PNG + b"<html><script>alert(1)</script></html>"),
    _one("image-gif-polyglot-with-script", "x.gif", lambda: picture(file_format="GIF") + b"*/=1;alert(1)//"),
    _one("image-jpeg-polyglot-with-zip", "x.jpg", lambda: picture(file_format="JPEG") + zipped({"a.html": b"<html>"})),
    _converted("image-bmp", "x.bmp", lambda: picture(file_format="BMP"), _RED),
    _converted("image-tiff", "x.tiff", lambda: picture(file_format="TIFF"), _RED),
    _converted("image-ppm", "x.ppm", lambda: picture(file_format="PPM"), _RED),
    _converted("image-tga", "x.tga", lambda: picture(file_format="TGA"), _RED),
    _converted("image-ico", "x.ico", lambda: picture(size=(16, 16), file_format="ICO"), _RED, (16, 16)),
    _converted("image-jpeg-2000", "x.jp2", lambda: picture(size=(16, 16), file_format="JPEG2000"), _RED, (16, 16)),
    _converted("image-tiff-cmyk", "x.tiff", lambda: saved(Image.new("CMYK", (4, 3), (0, 255, 255, 0)), "TIFF"), _RED),
    _converted(
        "image-tiff-16-bit",
        "x.tiff",
        lambda: saved(Image.fromarray(np.full((3, 4), 65_535, np.uint16)), "TIFF"),
        (255, 255, 255, 255),
    ),
    _converted(
        "image-tiff-transparent",
        "x.tiff",
        lambda: saved(Image.new("RGBA", (4, 3), (255, 0, 0, 128)), "TIFF"),
        (255, 0, 0, 128),
    ),
    _converted(
        "image-tiff-on-its-side",
        "x.tiff",
        lambda: saved(Image.new("RGB", (6, 2), "red"), "TIFF", exif=_on_its_side()),
        _RED,
        (2, 6),
    ),
    _refused(
        "image-svg-called-png",
        "1.png",
        lambda: b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        "1.png: not an image",
    ),
    _refused(
        "image-html-called-jpg", "1.jpg", lambda: b"<html><script>alert(1)</script></html>", "1.jpg: not an image"
    ),
    _refused("image-of-zero-bytes", "1.png", lambda: b"", "1.png: not an image"),
    _refused(
        "image-cut-in-half", "1.jpg", lambda: (whole := _noise("JPEG"))[: len(whole) // 2], "1.jpg: a damaged image"
    ),
    _refused(
        "image-with-a-bad-checksum", "1.png", lambda: _PNG.replace(b"IDAT", b"IDAT\x00", 1), "1.png: a damaged image"
    ),
    _refused(
        "image-postscript", "1.eps", lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 4 3\n", "1.eps: not an image"
    ),
    _folder(
        "images-one-broken-among-good-ones",
        lambda: {"1.png": _PNG, "2.png": b"nothing", "3.png": _BLUE},
        Page(
            {"image": IMAGE},
            [{"image": shown(Kept(_PNG, ".png"))}, {"image": None}, {"image": shown(Kept(_BLUE, ".png"))}],
            errors={1: {"image": "2.png: not an image"}},
        ),
    ),
    _folder(
        "images-the-same-twice",
        lambda: {"1.png": _PNG, "2.png": _PNG},
        Page({"image": IMAGE}, [{"image": shown(Kept(_PNG, ".png"))}] * 2),
    ),
    _folder(
        "images-by-label",
        lambda: {"cat/1.png": _PNG, "dog/1.png": _BLUE},
        Page(
            {"image": IMAGE, "label": {"names": ["cat", "dog"], "_type": "ClassLabel"}},
            [{"image": shown(Kept(_PNG, ".png")), "label": 0}, {"image": shown(Kept(_BLUE, ".png")), "label": 1}],
        ),
    ),
    _folder(
        "images-with-metadata-csv",
        lambda: {"metadata.csv": b"file_name,text\n1.png,red\n2.png,blue\n", "1.png": _PNG, "2.png": _BLUE},
        Page(
            {"image": IMAGE, "text": "large_string"},
            [
                {"image": shown(Kept(_PNG, ".png")), "text": "red"},
                {"image": shown(Kept(_BLUE, ".png")), "text": "blue"},
            ],
        ),
    ),
    _folder(
        "images-with-metadata-of-boxes",
        lambda: {
            "train/metadata.jsonl": lines({"file_name": "a/1.png", "boxes": [[0, 1], [2, 3]]}),
            "train/a/1.png": _PNG,
        },
        Page(
            {
                "image": IMAGE,
                "boxes": {
                    "feature": {"feature": {"dtype": "int64", "_type": "Value"}, "_type": "List"},
                    "_type": "List",
                },
            },
            [{"image": shown(Kept(_PNG, ".png")), "boxes": [[0, 1], [2, 3]]}],
        ),
    ),
    _folder(
        "images-with-two-in-a-row",
        lambda: {
            "metadata.jsonl": lines({"file_names": ["1.png", "2.png"], "n": 1}),
            "1.png": _PNG,
            "2.png": _BLUE,
        },
        Page(
            {"images": {"feature": IMAGE, "_type": "List"}, "n": "int64"},
            [{"images": [shown(Kept(_PNG, ".png")), shown(Kept(_BLUE, ".png"))], "n": 1}],
        ),
    ),
    _folder(
        "images-metadata-names-a-missing-file",
        lambda: {"metadata.csv": b"file_name,text\n1.png,red\n9.png,gone\n", "1.png": _PNG},
        Page(
            {"image": IMAGE, "text": "large_string"},
            [{"image": shown(Kept(_PNG, ".png")), "text": "red"}, {"image": None, "text": "gone"}],
            errors={1: {"image": "9.png: the file is missing"}},
        ),
    ),
    _folder(
        "images-metadata-without-file-name",
        lambda: {"metadata.csv": b"name,text\n1.png,red\n", "1.png": _PNG},
        Failure("StreamingRowsError", "file_name", "metadata"),
    ),
    _folder(
        "images-metadata-without-rows",
        lambda: {"metadata.csv": b"file_name,text\n", "1.png": _PNG},
        Failure("StreamingRowsError", "metadata file", "no rows"),
    ),
    _folder(
        "images-metadata-that-leads-outside",
        lambda: {"metadata.csv": b"file_name,text\n../../../etc/passwd,x\n", "1.png": _PNG},
        Failure("StreamingRowsError", "file_name", "metadata.csv"),
    ),
    _folder(
        "images-metadata-of-two-formats",
        lambda: {
            "train/metadata.csv": b"file_name,text\n1.png,red\n",
            "train/1.png": _PNG,
            "train/x/metadata.jsonl": lines({"file_name": "2.png", "text": "blue"}),
            "train/x/2.png": _BLUE,
        },
        Failure("StreamingRowsError", "metadata", ".csv", ".jsonl"),
    ),
    _folder(
        "images-oddly-named",
        lambda: {"a b%20c.png": _PNG, "d#e?.png": _BLUE, "é 😀@f.png": _PNG},
        Page(
            {"image": IMAGE},
            [
                {"image": shown(Kept(_PNG, ".png"))},
                {"image": shown(Kept(_BLUE, ".png"))},
                {"image": shown(Kept(_PNG, ".png"))},
            ],
        ),
    ),
    _folder(
        "images-zipped",
        lambda: {"data.zip": zipped({"a/1.png": _PNG, "a/2.png": _BLUE})},
        Page({"image": IMAGE}, [{"image": shown(Kept(_PNG, ".png"))}, {"image": shown(Kept(_BLUE, ".png"))}]),
    ),
]


def _noise(file_format: str) -> bytes:
    pixels = np.random.default_rng(1).integers(0, 256, (60, 80, 3), np.uint8)
    return saved(Image.fromarray(pixels), file_format)
