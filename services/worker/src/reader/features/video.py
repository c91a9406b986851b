"""Videos are kept as they are when their first bytes say that a browser plays them."""

from typing import Any

from reader.features.containers import is_matroska, is_webm, iso_brand
from reader.features.kinds import CellError, Conversion, Decoded

# Major brands of ISO base media files that are not MP4 video.
_PICTURE_BRANDS = {b"avif", b"avis", b"heic", b"heix", b"hevc", b"mif1", b"msf1", b"crx "}
_SOUND_BRANDS = {b"M4A ", b"M4B "}
_UNPLAYED = {
    b"\x30\x26\xb2\x75": "a Windows Media video",
    b"FLV\x01": "a Flash video",
    b"\x00\x00\x01\xba": "an MPEG program stream",
    b"\x00\x00\x01\xb3": "an MPEG video stream",
}
_TRANSPORT_PACKET_BYTES = 188


def convert(_feature: Any, value: Any, conversion: Conversion) -> Any:
    """`{"src"}`."""
    return {"src": conversion.media("video", value).src}


def decode(data: bytes) -> Decoded:
    """The video itself.

    Raises:
        CellError: neither MP4 nor WebM nor Ogg.
    """
    brand = iso_brand(data)
    if brand is not None and brand not in {b"qt  "} | _PICTURE_BRANDS | _SOUND_BRANDS:
        return Decoded(data, ".mp4", "video/mp4")
    if is_webm(data):
        return Decoded(data, ".webm", "video/webm")
    if data.startswith(b"OggS"):
        return Decoded(data, ".ogv", "video/ogg")
    raise CellError(f"{_name_of(data, brand)}, which browsers do not play: convert it to MP4 or WebM")


def _name_of(data: bytes, brand: bytes | None) -> str:
    if brand == b"qt  ":
        return "a QuickTime video"
    if brand in _PICTURE_BRANDS:
        return "a picture, not a video"
    if brand in _SOUND_BRANDS:
        return "a sound, not a video"
    if is_matroska(data):
        return "a Matroska video"
    if data.startswith(b"RIFF") and data[8:12] == b"AVI ":
        return "an AVI video"
    if data[:1] == data[_TRANSPORT_PACKET_BYTES : _TRANSPORT_PACKET_BYTES + 1] == b"G":
        return "an MPEG transport stream"
    return next((name for start, name in _UNPLAYED.items() if data.startswith(start)), "not a known video format")
