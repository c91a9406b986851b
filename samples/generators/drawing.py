"""Small pictures: a shape on a gradient, drawn with whole numbers only."""

import io

import numpy as np
from PIL import Image, ImageDraw

SHAPES = ("circle", "square", "triangle", "cross")
COLOURS = {"red": (200, 40, 40), "green": (40, 150, 60), "blue": (40, 70, 200)}


def draw(shape: str, colour: str, width: int = 64, height: int = 48) -> Image.Image:
    """Draw one shape in one colour on a gradient.

    Raises:
        KeyError: the shape or the colour is not one of SHAPES and COLOURS.
    """
    pixels = np.zeros((height, width, 3), dtype=np.uint8)
    pixels[:, :, 0] = 130 + 120 * np.arange(width) // width
    pixels[:, :, 1] = (130 + 120 * np.arange(height) // height)[:, None]
    pixels[:, :, 2] = 220
    image = Image.fromarray(pixels)
    canvas = ImageDraw.Draw(image)
    x, y, r = width // 2, height // 2, min(width, height) // 3
    outlines = {
        "circle": [
            (x + dx, y + dy) for dx in range(-r, r + 1) for dy in range(-r, r + 1) if dx * dx + dy * dy <= r * r
        ],
        "square": [(x + dx, y + dy) for dx in range(-r, r + 1) for dy in range(-r, r + 1)],
        "triangle": [(x + dx, y + dy) for dy in range(-r, r + 1) for dx in range(-(dy + r) // 2, (dy + r) // 2 + 1)],
        "cross": [
            (x + dx, y + dy) for dx in range(-r, r + 1) for dy in range(-r, r + 1) if min(abs(dx), abs(dy)) < r // 3
        ],
    }
    canvas.point(outlines[shape], fill=COLOURS[colour])
    return image


def encode(image: Image.Image, extension: str) -> bytes:
    """The picture as a file with this extension (png or jpg), the same bytes on any processor.

    Raises:
        ValueError: another extension.
    """
    buffer = io.BytesIO()
    match extension:
        case "png":
            # Stored, not deflated: which matches zlib-ng finds may differ between processors.
            image.save(buffer, "PNG", compress_level=0)
        case "jpg":
            image.save(buffer, "JPEG", quality=85)
        case _:
            raise ValueError(f"no encoder for .{extension}: use png or jpg")
    return buffer.getvalue()
