"""Images, by Pillow."""

import io
import warnings
from typing import Any

from PIL import Image, ImageOps, UnidentifiedImageError

from reader.features.kinds import CellError, Conversion, Decoded

# Formats that a browser shows are kept byte for byte; MPO is JPEG with further pictures behind the first.
_KEPT = {
    "JPEG": (".jpg", "image/jpeg"),
    "MPO": (".jpg", "image/jpeg"),
    "PNG": (".png", "image/png"),
    "GIF": (".gif", "image/gif"),
    "WEBP": (".webp", "image/webp"),
}
# A list of its own, as Pillow hands some formats to other programs (EPS to Ghostscript).
_CONVERTED = ["BMP", "DIB", "TIFF", "ICO", "PPM", "TGA", "PCX", "SGI", "JPEG2000", "AVIF", "DDS", "ICNS"]
Image.init()
FORMATS = [name for name in [*_KEPT, *_CONVERTED] if name in Image.OPEN]
_PNG_MODES = {"1", "L", "LA", "I;16", "P", "RGB", "RGBA"}

_ORIENTATION = 0x0112
_ORIENTATIONS_ON_THEIR_SIDE = {5, 6, 7, 8}


def convert(_feature: Any, value: Any, conversion: Conversion) -> Any:
    """`{"src", "height", "width"}`, in pixels as a browser shows them."""
    media = conversion.media("image", value)
    return {"src": media.src, **media.details}


def decode(data: bytes) -> Decoded:
    """The image itself where a browser shows it, else a PNG of it.

    Raises:
        CellError: not an image, damaged, or so large that it looks like an attack.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            warnings.simplefilter("ignore", UserWarning)  # about damaged metadata
            with Image.open(io.BytesIO(data), formats=FORMATS) as image:
                return _decoded(data, image)
    except UnidentifiedImageError as error:
        raise CellError("not an image of a known format") from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise CellError(f"an image of more than {Image.MAX_IMAGE_PIXELS} pixels") from error
    except Exception as error:  # Pillow's plugins raise all sorts of exceptions for damaged files
        raise CellError(f"a damaged image ({type(error).__name__})") from error


def _decoded(data: bytes, image: Image.Image) -> Decoded:
    image.load()
    width, height = image.size
    if image.getexif().get(_ORIENTATION) in _ORIENTATIONS_ON_THEIR_SIDE:
        width, height = height, width
    details = {"height": height, "width": width}
    if image.format in _KEPT:
        extension, media_type = _KEPT[image.format]
        return Decoded(data, extension, media_type, details)
    upright = ImageOps.exif_transpose(image)
    if upright.mode not in _PNG_MODES:
        upright = upright.convert("RGBA" if upright.has_transparency_data else "RGB")
    png = io.BytesIO()
    upright.save(png, "PNG")
    return Decoded(png.getvalue(), ".png", "image/png", details)
