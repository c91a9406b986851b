"""Videos as browsers get them."""

from pathlib import Path

import pytest
from reader.features.kinds import CellError
from reader.media import decode


def mp4(brand: bytes) -> bytes:
    return b"\x00\x00\x00\x18ftyp" + brand + bytes(12)


@pytest.mark.parametrize(
    ("data", "extension"),
    [
        (mp4(b"mp42"), ".mp4"),
        (mp4(b"isom"), ".mp4"),
        (b"\x1a\x45\xdf\xa3\x9f\x42\x82\x84webm", ".webm"),
        (b"OggS rest", ".ogv"),
    ],
)
def test_a_video_that_browsers_play_is_kept_byte_for_byte(data: bytes, extension: str, tmp_path: Path) -> None:
    decoded = decode("video", data, "a.html", staging=tmp_path)
    assert Path(decoded["file"]).suffix == extension
    assert (tmp_path / decoded["file"]).read_bytes() == data


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (mp4(b"qt  "), "a QuickTime video"),
        (mp4(b"avif"), "a picture, not a video"),
        (mp4(b"M4A "), "a sound, not a video"),
        (b"\x1a\x45\xdf\xa3\x9f\x42\x82\x88matroska", "a Matroska video"),
        (b"RIFF\0\0\0\0AVI LIST", "an AVI video"),
        (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "a Windows Media video"),
        (b"FLV\x01\x05", "a Flash video"),
        (b"\x00\x00\x01\xba\x44", "an MPEG program stream"),
        (b"\x00\x00\x01\xb3\x16", "an MPEG video stream"),
        ((b"G" + b"\x40\x11\x10" + bytes(184)) * 2, "an MPEG transport stream"),
        (b"<!--ftypmp42--><script>", "not a known video format"),
        (b"GIF89a" + bytes(300), "not a known video format"),
    ],
)
def test_any_other_video_is_an_error_that_says_what_it_is(data: bytes, what: str, tmp_path: Path) -> None:
    with pytest.raises(CellError) as raised:
        decode("video", data, None, staging=tmp_path)
    assert str(raised.value) == f"{what}, which browsers do not play: convert it to MP4 or WebM"
    assert list(tmp_path.iterdir()) == []
