"""From the modes that images have to those that PNG has and browsers show."""

import io
from typing import Any

import numpy as np
from PIL import Image, ImageCms, ImageOps

_OF_PNG = {"1", "L", "LA", "P", "RGB", "RGBA", "I;16"}
_BYTE, _WORD = 255, 65_535


def for_browsers(image: Image.Image) -> Image.Image:
    """The first frame, upright, in a mode of PNG.

    Sixteen bits of grey stay what they are. Wider integers and floats are shown from black to white: over 0 to 255 or 0
    to 65535 (integers), 0 to 1 or 0 to 255 (floats) where they keep to that, else over the values that there are.
    """
    upright = ImageOps.exif_transpose(image)
    if upright.mode in _OF_PNG:
        return upright
    if upright.mode.startswith("I;16"):
        return Image.fromarray(np.asarray(upright).astype("<u2"))
    if upright.mode == "I":
        return _of_integers(np.asarray(upright))
    if upright.mode == "F":
        return _of_floats(np.asarray(upright))
    if upright.mode == "CMYK":
        shown = _of_inks(upright)
    else:
        shown = upright.convert("RGBA" if upright.has_transparency_data else "RGB")
    # It told of the colours as they were.
    shown.info.pop("icc_profile", None)
    return shown


def _of_integers(values: np.ndarray[Any, Any]) -> Image.Image:
    low, high = int(values.min()), int(values.max())
    if low >= 0 and high <= _BYTE:
        return Image.fromarray(values.astype(np.uint8))
    if low >= 0 and high <= _WORD:
        return Image.fromarray(values.astype("<u2"))
    return _stretched(values, low, high)


def _of_floats(values: np.ndarray[Any, Any]) -> Image.Image:
    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    if low >= 0 and high <= _BYTE:
        low, high = 0.0, 1.0 if high <= 1 else float(_BYTE)
    return _stretched(values, low, high)


def _stretched(values: np.ndarray[Any, Any], low: float, high: float) -> Image.Image:
    step = _BYTE / (high - low) if high > low else 0.0
    with np.errstate(over="ignore", invalid="ignore"):
        levels = np.rint(values * np.float32(step) - np.float32(low * step))
    black = np.nan_to_num(levels, copy=False, nan=0.0, posinf=_BYTE, neginf=0.0)
    return Image.fromarray(np.clip(black, 0, _BYTE).astype(np.uint8))


def _of_inks(image: Image.Image) -> Image.Image:
    """CMYK in the colours of its profile where it has one that works."""
    profile = image.info.get("icc_profile")
    if profile:
        try:
            shown = ImageCms.profileToProfile(
                image, ImageCms.ImageCmsProfile(io.BytesIO(profile)), ImageCms.createProfile("sRGB"), outputMode="RGB"
            )
        except (ImageCms.PyCMSError, OSError):
            shown = None
        if shown is not None:
            return shown
    return image.convert("RGB")
