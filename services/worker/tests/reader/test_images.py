"""Pictures as browsers get them."""

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms
from reader.features import image
from reader.features.kinds import CellError
from reader.media import decode


def encoded(picture: Image.Image, file_format: str, **options: Any) -> bytes:
    data = io.BytesIO()
    picture.save(data, file_format, **options)
    return data.getvalue()


def picture(mode: str, file_format: str, size: tuple[int, int] = (5, 4)) -> bytes:
    return encoded(Image.new(mode, size), file_format)


def converted(data: bytes, staging: Path) -> Image.Image:
    """The PNG that a picture becomes."""
    decoded = decode("image", data, None, staging=staging)
    assert decoded["type"] == "image/png"
    with Image.open(staging / decoded["file"], formats=["PNG"]) as written:
        written.load()
        assert decoded["details"] == {"height": written.height, "width": written.width}
        return written


def frames(*colors: str) -> list[Image.Image]:
    return [Image.new("RGB", (5, 4), color) for color in colors]


@pytest.mark.parametrize(
    ("file_format", "extension"),
    [("PNG", "png"), ("JPEG", "jpg"), ("MPO", "jpg"), ("GIF", "gif"), ("WEBP", "webp"), ("AVIF", "avif")],
)
def test_a_picture_that_browsers_show_is_kept_byte_for_byte(file_format: str, extension: str, tmp_path: Path) -> None:
    data = picture("RGB", file_format)
    decoded = decode("image", data, "x", staging=tmp_path)
    assert decoded["file"].endswith(f".{extension}")
    assert decoded["details"] == {"height": 4, "width": 5}
    assert (tmp_path / decoded["file"]).read_bytes() == data
    assert decode("image", data, "other/name.svg", staging=tmp_path) == decoded
    assert [file.name for file in tmp_path.iterdir()] == [decoded["file"]]


@pytest.mark.parametrize("file_format", ["PNG", "GIF", "WEBP", "AVIF"])
def test_an_animation_that_browsers_show_is_kept(file_format: str, tmp_path: Path) -> None:
    first, *others = frames("red", "lime", "blue")
    data = encoded(first, file_format, save_all=True, append_images=others)
    assert (tmp_path / decode("image", data, None, staging=tmp_path)["file"]).read_bytes() == data


@pytest.mark.parametrize(
    ("mode", "file_format", "extension"),
    [("CMYK", "JPEG", "jpg"), ("L", "JPEG", "jpg"), ("I;16", "PNG", "png"), ("LA", "PNG", "png"), ("P", "GIF", "gif")],
)
def test_a_kept_format_is_kept_in_any_mode(mode: str, file_format: str, extension: str, tmp_path: Path) -> None:
    data = picture(mode, file_format)
    decoded = decode("image", data, None, staging=tmp_path)
    assert decoded["file"].endswith(extension)
    assert (tmp_path / decoded["file"]).read_bytes() == data


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "AVIF", "TIFF"])
@pytest.mark.parametrize(("orientation", "size"), [(1, (3, 2)), (3, (3, 2)), (6, (2, 3)), (8, (2, 3))])
def test_the_size_is_that_of_the_picture_turned_upright(
    file_format: str, orientation: int, size: tuple[int, int], tmp_path: Path
) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded(Image.new("RGB", (3, 2)), file_format, exif=exif)
    details = decode("image", data, None, staging=tmp_path)["details"]
    assert (details["width"], details["height"]) == size


def test_webp_is_not_turned_as_browsers_do_not_turn_it(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    data = encoded(Image.new("RGB", (3, 2)), "WEBP", exif=exif)
    assert decode("image", data, None, staging=tmp_path)["details"] == {"height": 2, "width": 3}


def test_a_converted_picture_is_turned_upright_itself(tmp_path: Path) -> None:
    lying = Image.new("RGB", (3, 2), "red")
    lying.putpixel((0, 0), (0, 0, 255))
    exif = Image.Exif()
    exif[0x0112] = 6
    upright = converted(encoded(lying, "TIFF", exif=exif), tmp_path)
    assert (upright.size, upright.getpixel((1, 0))) == ((2, 3), (0, 0, 255))
    assert not upright.getexif()


def test_a_converted_animation_is_its_first_frame(tmp_path: Path) -> None:
    first, *others = frames("red", "lime")
    shown = converted(encoded(first, "TIFF", save_all=True, append_images=others), tmp_path)
    assert (getattr(shown, "n_frames", 1), shown.getpixel((0, 0))) == (1, (255, 0, 0))


@pytest.mark.parametrize("file_format", ["BMP", "TIFF", "PPM", "TGA", "PCX", "SGI", "JPEG2000", "DDS", "ICO", "QOI"])
def test_any_other_picture_becomes_png_of_the_same_pixels(file_format: str, tmp_path: Path) -> None:
    colors = Image.fromarray(np.random.default_rng(1).integers(0, 256, (16, 16, 3), dtype=np.uint8))
    shown = converted(encoded(colors, file_format), tmp_path).convert("RGB")
    assert shown.tobytes() == colors.tobytes()


def test_transparency_is_kept(tmp_path: Path) -> None:
    half = Image.new("RGBA", (2, 1), (255, 0, 0, 128))
    assert converted(encoded(half, "TIFF"), tmp_path).getpixel((0, 0)) == (255, 0, 0, 128)
    grey = Image.new("LA", (2, 1), (7, 128))
    assert converted(encoded(grey, "TIFF"), tmp_path).getpixel((0, 0)) == (7, 128)
    palette = Image.new("PA", (2, 1), 0)
    palette.putpalette([10, 20, 30])
    assert converted(encoded(palette, "TIFF"), tmp_path).mode == "RGBA"


def test_palettes_keep_their_colours(tmp_path: Path) -> None:
    palette = Image.new("P", (2, 1), 1)
    palette.putpalette([0, 0, 0, 10, 20, 30])
    assert converted(encoded(palette, "BMP"), tmp_path).convert("RGB").getpixel((0, 0)) == (10, 20, 30)


@pytest.mark.parametrize("order", ["<u2", ">u2"])
def test_sixteen_bits_of_grey_are_kept(order: str, tmp_path: Path) -> None:
    values = np.array([[0, 1_000], [40_000, 65_535]], order)
    shown = converted(encoded(Image.fromarray(values), "TIFF"), tmp_path)
    assert (shown.mode, np.asarray(shown).tolist()) == ("I;16", values.tolist())


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        (np.array([[0, 3, 255]], np.int32), [0, 3, 255]),
        (np.array([[0, 300, 65_535]], np.int32), [0, 300, 65_535]),
        (np.array([[-1_000_000, 0, 1_000_000]], np.int32), [0, 128, 255]),
        (np.array([[-(2**31), 2**31 - 1]], np.int32), [0, 255]),
        (np.array([[0, 0.5, 1]], np.float32), [0, 128, 255]),
        (np.array([[0, 7, 200]], np.float32), [0, 7, 200]),
        (np.array([[-5, 0, 5]], np.float32), [0, 128, 255]),
        (np.array([[-3e38, 3e38]], np.float32), [0, 255]),
        (np.array([[np.nan, -np.inf, 0.5, np.inf]], np.float32), [0, 0, 128, 255]),
        (np.array([[np.nan]], np.float32), [0]),
        (np.array([[-5]], np.float32), [0]),
    ],
)
def test_wide_integers_and_floats_are_shown_from_black_to_white(
    values: "np.ndarray[Any, Any]", shown: list[int], tmp_path: Path
) -> None:
    written = converted(encoded(Image.fromarray(values), "TIFF"), tmp_path)
    assert np.asarray(written)[0].tolist() == pytest.approx(shown, abs=1)


def test_inks_are_shown_as_their_colours(tmp_path: Path) -> None:
    cyan = Image.new("CMYK", (2, 2), (255, 0, 0, 0))
    plain = converted(encoded(cyan, "TIFF"), tmp_path)
    assert (plain.mode, plain.getpixel((0, 0))) == ("RGB", (0, 255, 255))
    # A profile that isn't one of inks, as a careless program may have left it.
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for profile in (srgb, b"no profile"):
        odd = converted(encoded(cyan, "TIFF", icc_profile=profile), tmp_path)
        assert (odd.getpixel((0, 0)), "icc_profile" in odd.info) == ((0, 255, 255), False)


@pytest.mark.parametrize("mode", ["LAB", "YCbCr"])
def test_other_colour_spaces_become_rgb(mode: str, tmp_path: Path) -> None:
    assert converted(picture(mode, "TIFF"), tmp_path).mode == "RGB"


def test_a_profile_of_the_colours_stays_with_them(tmp_path: Path) -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    data = encoded(Image.new("RGB", (2, 2)), "TIFF", icc_profile=srgb)
    assert converted(data, tmp_path).info["icc_profile"] == srgb


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "GIF", "WEBP", "AVIF", "TIFF", "BMP", "JPEG2000"])
def test_a_picture_that_is_cut_off_is_an_error(file_format: str, tmp_path: Path) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (200, 200, 3), dtype=np.uint8)
    data = encoded(Image.fromarray(noise), file_format)
    with pytest.raises(CellError, match=r"^a\.png: (a damaged image|not an image)"):
        decode("image", data[: len(data) // 2], "path/to/a.png", staging=tmp_path)
    assert list(tmp_path.iterdir()) == []


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(*chunks: bytes, size: tuple[int, int] = (1, 1)) -> bytes:
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", *size, 1, 0, 0, 0, 0))
    pixels = chunk(b"IDAT", zlib.compress(bytes((size[0] + 7) // 8 + 1) * min(size[1], 1_000)))
    return b"\x89PNG\r\n\x1a\n" + head + b"".join(chunks) + pixels + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    "data",
    [
        png(size=(31_000, 26_000)),
        b"GIF89a" + struct.pack("<HHBBB", 65_535, 65_535, 0, 0, 0) + b"\x2c" + bytes(20),
        b"BM" + struct.pack("<IHHIIiiHHIIiiII", 0, 0, 0, 54, 40, 40_000, 40_000, 1, 24, 0, 0, 0, 0, 0, 0) + bytes(99),
        b"P6 30000 30000 255\n" + bytes(99),
    ],
    ids=["806-megapixel PNG", "GIF", "BMP", "PPM"],
)
def test_a_picture_of_too_many_pixels_is_an_error(data: bytes, tmp_path: Path) -> None:
    with pytest.raises(CellError, match="more than 89478485 pixels"):
        decode("image", data, None, staging=tmp_path)


def test_metadata_that_swell_when_they_are_unpacked_are_an_error(tmp_path: Path) -> None:
    swelling = zlib.compress(bytes(200_000_000), 9)
    for bomb in (chunk(b"zTXt", b"k\0\0" + swelling), chunk(b"iCCP", b"k\0\0" + swelling)):
        with pytest.raises(CellError, match="damaged"):
            decode("image", png(bomb), None, staging=tmp_path)
    many = png(*[chunk(b"zTXt", b"k%d\0\0" % number + zlib.compress(bytes(10_000_000), 9)) for number in range(20)])
    with pytest.raises(CellError, match="damaged"):
        decode("image", many, None, staging=tmp_path)


def test_large_metadata_as_image_generators_write_them_are_no_error(tmp_path: Path) -> None:
    data = png(
        chunk(b"zTXt", b"workflow\0\0" + zlib.compress(b"x" * 5_000_000)), chunk(b"eXIf", b"MM\0*" + bytes(5_000_000))
    )
    assert (tmp_path / decode("image", data, None, staging=tmp_path)["file"]).read_bytes() == data


@pytest.mark.parametrize("data", [b"", b"%!PS-Adobe-3.0 EPSF-3.0\n", b"<svg/>", b"<html><script>"])
def test_what_is_not_a_picture_is_never_written(data: bytes, tmp_path: Path) -> None:
    for kind in ("image", "audio", "video", "pdf"):
        with pytest.raises(CellError):
            decode(kind, data, "x.png", staging=tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("data", "extension"),
    [
        (picture("P", "GIF") + b"/*=1;alert(1)//*/", ".gif"),
        (picture("RGB", "JPEG") + b"<html><script>alert(1)</script>", ".jpg"),
        (encoded(Image.new("RGB", (2, 2)), "JPEG", comment=b"<script>alert(1)</script>"), ".jpg"),
        (picture("RGB", "PNG") + b"PK\x05\x06" + bytes(18), ".png"),
    ],
    ids=["GIF and script", "HTML behind JPEG", "script in JPEG", "PNG and zip"],
)
def test_a_file_that_is_two_things_has_the_extension_of_the_picture(
    data: bytes, extension: str, tmp_path: Path
) -> None:
    assert decode("image", data, "page.html", staging=tmp_path)["file"].endswith(extension)


def test_every_listed_image_format_is_one_that_pillow_has() -> None:
    assert set(image.FORMATS) <= set(Image.OPEN)
    assert {"JPEG", "PNG", "GIF", "WEBP", "AVIF", "BMP", "TIFF"} <= set(image.FORMATS)
