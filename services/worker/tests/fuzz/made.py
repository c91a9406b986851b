"""Media in formats that the corpus has no whole file of, small ones."""

import io
import time
from collections.abc import Iterator

import numpy as np
import soundfile
from PIL import Image, features

from services.worker.tests.fuzz.checksums import repaired

_MODES = {
    "PNG": ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"],
    "TIFF": ["1", "L", "P", "RGB", "RGBA", "CMYK", "I;16", "I", "F", "LAB", "YCbCr"],
    "JPEG": ["L", "RGB", "CMYK"],
    "GIF": ["P", "L"],
    "WEBP": ["RGB", "RGBA"],
    "AVIF": ["RGB", "RGBA"],
    "BMP": ["1", "L", "P", "RGB", "RGBA"],
    "JPEG2000": ["L", "RGB", "RGBA"],
    "DDS": ["RGB", "RGBA"],
    "TGA": ["L", "P", "RGBA"],
    "PCX": ["1", "L", "P", "RGB"],
    "SGI": ["L", "RGB", "RGBA"],
    "PPM": ["1", "L", "RGB", "I;16"],
    "ICO": ["RGBA"],
    "ICNS": ["RGBA"],
    "QOI": ["RGB", "RGBA"],
}
_TIFF_COMPRESSIONS = ["packbits", "tiff_lzw", "tiff_adobe_deflate", "jpeg", "group3", "group4"]
_SIZE = (16, 16)
# One has the date in words in its header, the other leaves a second file behind.
_LEFT_OUT = {"MAT5", "SD2"}


def images() -> Iterator[tuple[str, bytes]]:
    """A name and the bytes of each."""
    for kind, modes in _MODES.items():
        if kind == "AVIF" and not features.check("avif"):
            continue
        for mode in modes:
            yield f"x.{kind.lower()}", _saved(kind, mode)
    for compression in _TIFF_COMPRESSIONS:
        yield "x.tiff", _saved("TIFF", "1" if "group" in compression else "RGB", compression=compression)
    frames = [_image("RGB").rotate(turn) for turn in (0, 90)]
    for kind in ("GIF", "WEBP", "PNG", "TIFF"):
        yield f"x.{kind.lower()}", _saved(kind, "RGB", save_all=True, append_images=frames, duration=50)
    for options in ({"progressive": True}, {"optimize": True, "quality": 95}, {"comment": b"x", "dpi": (72, 72)}):
        yield "x.jpg", _saved("JPEG", "RGB", **options)
    yield "x.tga", _saved("TGA", "RGB", compression="tga_rle")


def sounds() -> Iterator[tuple[str, bytes]]:
    """A name and the bytes of each, in the containers and codings that libsndfile writes."""
    samples = np.sin(np.arange(400) / 9) * 0.5
    for kind in sorted(set(soundfile.available_formats()) - _LEFT_OUT):
        for coding in soundfile.available_subtypes(kind):
            data = io.BytesIO()
            try:
                soundfile.write(data, samples, 8_000, format=kind, subtype=coding)
            except (soundfile.LibsndfileError, ValueError):
                continue  # it writes these at other rates only
            yield f"x.{kind.lower()}", data.getvalue()


def documents() -> Iterator[tuple[str, bytes]]:
    """A name and the bytes of each."""
    dates = {"creationDate": time.gmtime(0), "modDate": time.gmtime(0)}
    yield "x.pdf", _saved("PDF", "RGB", **dates)
    yield "x.pdf", _saved("PDF", "1", **dates)
    yield "x.pdf", _saved("PDF", "RGB", **dates, title="é", save_all=True, append_images=[_image("L")])


def timeless(data: bytes) -> bytes:
    """A sound as it would be written at any other time: Ogg has a number by the clock, and the PEAK chunk a time."""
    fixed = bytearray(data)
    at = data.find(b"OggS")
    while at >= 0:
        fixed[at + 14 : at + 18] = b"\x01\x00\x00\x00"
        at = data.find(b"OggS", at + 1)
    if (peak := data.find(b"PEAK")) >= 0:
        fixed[peak + 12 : peak + 16] = bytes(4)
    return repaired(bytes(fixed))


def _image(mode: str) -> Image.Image:
    values = np.random.default_rng(1).integers(0, 256, (*_SIZE, 3), np.uint8)
    image = Image.fromarray(values)
    if mode == "LAB":
        return Image.frombytes("LAB", _SIZE, values.tobytes())
    if mode == "I;16":
        return Image.fromarray(values[:, :, 0].astype(np.uint16) * 200)
    return image.convert(mode)


def _saved(kind: str, mode: str, **options: object) -> bytes:
    data = io.BytesIO()
    _image(mode).save(data, kind, **options)
    return data.getvalue()
