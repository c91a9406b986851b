"""Media files as browsers get them."""

import io
from pathlib import Path

import pytest
import soundfile
from PIL import Image
from reader.features import image
from reader.media import CellError, decode


def picture(mode: str, file_format: str, size: tuple[int, int] = (5, 4)) -> bytes:
    data = io.BytesIO()
    Image.new(mode, size).save(data, file_format)
    return data.getvalue()


@pytest.mark.parametrize(
    ("file_format", "extension"), [("PNG", "png"), ("JPEG", "jpg"), ("GIF", "gif"), ("WEBP", "webp")]
)
def test_a_picture_that_browsers_show_is_kept_byte_for_byte(file_format: str, extension: str, tmp_path: Path) -> None:
    data = picture("RGB", file_format)
    decoded = decode("image", data, "x", staging=tmp_path)
    assert decoded["file"].endswith(f".{extension}")
    assert decoded["details"] == {"height": 4, "width": 5}
    assert (tmp_path / decoded["file"]).read_bytes() == data
    assert decode("image", data, "other/name.svg", staging=tmp_path) == decoded
    assert [file.name for file in tmp_path.iterdir()] == [decoded["file"]]


@pytest.mark.parametrize(
    ("mode", "file_format"),
    [("RGB", "BMP"), ("CMYK", "TIFF"), ("F", "TIFF"), ("I", "TIFF"), ("I;16", "TIFF"), ("RGBA", "TIFF"), ("L", "PPM")],
)
def test_any_other_picture_becomes_png(mode: str, file_format: str, tmp_path: Path) -> None:
    decoded = decode("image", picture(mode, file_format), None, staging=tmp_path)
    with Image.open(tmp_path / decoded["file"]) as written:
        assert (written.format, written.size) == ("PNG", (5, 4))


def test_a_picture_that_is_cut_off_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(CellError, match=r"^a\.png: a damaged image"):
        decode("image", picture("RGB", "JPEG", (200, 200))[:-500], "path/to/a.png", staging=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_picture_of_too_many_pixels_is_an_error(tmp_path: Path) -> None:
    bomb = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(bomb, "PNG")
    with pytest.raises(CellError, match="pixels"):
        decode("image", bomb.getvalue(), None, staging=tmp_path)


@pytest.mark.parametrize("data", [b"", b"%!PS-Adobe-3.0 EPSF-3.0\n", b"<svg/>", b"<html><script>"])
def test_what_is_not_a_picture_is_never_written(data: bytes, tmp_path: Path) -> None:
    for kind in ("image", "audio", "video", "pdf"):
        with pytest.raises(CellError):
            decode(kind, data, "x.png", staging=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_every_listed_image_format_is_one_that_pillow_has() -> None:
    assert set(image.FORMATS) <= set(Image.OPEN)
    assert {"JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF"} <= set(image.FORMATS)


def test_a_sound_in_an_unplayed_encoding_becomes_wav_of_the_same_length(tmp_path: Path) -> None:
    data = io.BytesIO()
    soundfile.write(data, [0.25] * 900, 8_000, format="WAV", subtype="ULAW")
    decoded = decode("audio", data.getvalue(), None, staging=tmp_path)
    samples, rate = soundfile.read(tmp_path / decoded["file"])
    assert (len(samples), rate, decoded["type"]) == (900, 8_000, "audio/wav")
    assert samples.max() == pytest.approx(0.25, abs=0.02)


@pytest.mark.parametrize(
    ("data", "extension"),
    [
        (b"\x00\x00\x00\x18ftypmp42rest", "mp4"),
        (b"\x1a\x45\xdf\xa3\x9f\x42\x82\x84webm", "webm"),
        (b"OggS rest", "ogv"),
    ],
)
def test_a_video_is_known_by_its_first_bytes(data: bytes, extension: str, tmp_path: Path) -> None:
    assert decode("video", data, None, staging=tmp_path)["file"].endswith(f".{extension}")


def test_a_quicktime_file_is_not_taken_for_mp4(tmp_path: Path) -> None:
    with pytest.raises(CellError, match="convert it"):
        decode("video", b"\x00\x00\x00\x18ftypqt  ", None, staging=tmp_path)
