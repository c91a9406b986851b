"""Images, by Pillow."""

import io
import warnings
from typing import Any

from PIL import Image, PngImagePlugin, UnidentifiedImageError

from reader.features.kinds import CellError, Conversion, Decoded
from reader.features.pixels import for_browsers

# Formats that a browser shows are kept byte for byte, animations too. MPO is JPEG with pictures behind the first.
_KEPT = {
    "JPEG": (".jpg", "image/jpeg"),
    "MPO": (".jpg", "image/jpeg"),
    "PNG": (".png", "image/png"),
    "GIF": (".gif", "image/gif"),
    "WEBP": (".webp", "image/webp"),
    "AVIF": (".avif", "image/avif"),
}
# A list of its own, as Pillow hands some formats to other programs (EPS to Ghostscript).
_CONVERTED = ["BMP", "DIB", "TIFF", "ICO", "CUR", "PPM", "TGA", "PCX", "DCX", "SGI", "JPEG2000", "DDS", "ICNS"]
_CONVERTED += ["PSD", "QOI"]
Image.init()
FORMATS = [name for name in [*_KEPT, *_CONVERTED] if name in Image.OPEN]
# Image generators write whole workflows into a PNG's texts; Pillow's own limit takes those for an attack.
PngImagePlugin.MAX_TEXT_CHUNK = 16 * 1024 * 1024
_MAX_CONVERTED_BYTES = 100_000_000
# No browser shows longer ones; for Pillow they take minutes.
_MAX_SIDE = 65_535

# Browsers turn pictures upright as their EXIF says, but for WebP. (Of AVIF, Pillow gives the container's rotation.)
_TURNED = {"JPEG", "MPO", "PNG", "AVIF"}
_ORIENTATION = 0x0112
_ORIENTATIONS_ON_THEIR_SIDE = {5, 6, 7, 8}


def convert(_feature: Any, value: Any, conversion: Conversion) -> Any:
    """`{"src", "height", "width"}`, in pixels as a browser shows them."""
    media = conversion.media("image", value)
    return {"src": media.src, **media.details}


def decode(data: bytes) -> Decoded:
    """The image itself where a browser shows it, else a PNG of its first frame.

    Raises:
        CellError: not an image, damaged, or so large that it looks like an attack.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            warnings.simplefilter("ignore", UserWarning)  # about damaged metadata
            with Image.open(io.BytesIO(data), formats=FORMATS) as image:
                _check_sides(*image.size)
                return _kept(data, image) if image.format in _KEPT else png_of(for_browsers(image))
    except UnidentifiedImageError as error:
        raise CellError("not an image of a known format") from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise CellError(f"an image of more than {Image.MAX_IMAGE_PIXELS} pixels") from error
    except (CellError, MemoryError):
        raise
    except Exception as error:  # Pillow's plugins raise all sorts of exceptions for damaged files
        raise CellError(f"a damaged image ({type(error).__name__})") from error


def _check_sides(width: int, height: int) -> None:
    if max(width, height) > _MAX_SIDE:
        raise CellError(
            f"an image of {width} by {height} pixels, and at most {_MAX_SIDE} are shown in either direction"
        )


def png_of(image: Image.Image) -> Decoded:
    """A PNG of an image whose mode PNG has.

    Raises:
        CellError: it would be too large.
    """
    png = io.BytesIO()
    image.save(png, "PNG")
    if png.tell() > _MAX_CONVERTED_BYTES:
        raise CellError(f"an image that as PNG would have more than {_MAX_CONVERTED_BYTES} bytes")
    width, height = image.size
    return Decoded(png.getvalue(), ".png", "image/png", {"height": height, "width": width})


def _kept(data: bytes, image: Image.Image) -> Decoded:
    image.load()
    width, height = image.size
    if image.format in _TURNED and image.getexif().get(_ORIENTATION) in _ORIENTATIONS_ON_THEIR_SIDE:
        width, height = height, width
    extension, media_type = _KEPT[str(image.format)]
    return Decoded(data, extension, media_type, {"height": height, "width": width})
