"""Videos are kept as they are when their first bytes say that a browser plays them."""

from typing import Any

from reader.features.kinds import CellError, Conversion, Decoded

# Major brands of ISO base media files (ISO/IEC 14496-12) that are not MP4 video.
_OTHER_BRANDS = {b"qt  ", b"avif", b"avis", b"heic", b"heix", b"hevc", b"mif1", b"msf1", b"M4A ", b"M4B ", b"crx "}
_EBML = b"\x1a\x45\xdf\xa3"
_DOCTYPE_WITHIN = 64


def convert(_feature: Any, value: Any, conversion: Conversion) -> Any:
    """`{"src"}`."""
    return {"src": conversion.media("video", value).src}


def decode(data: bytes) -> Decoded:
    """The video itself.

    Raises:
        CellError: neither MP4 nor WebM nor Ogg.
    """
    if data[4:8] == b"ftyp" and data[8:12] not in _OTHER_BRANDS:
        return Decoded(data, ".mp4", "video/mp4")
    if data.startswith(_EBML) and b"webm" in data[:_DOCTYPE_WITHIN]:
        return Decoded(data, ".webm", "video/webm")
    if data.startswith(b"OggS"):
        return Decoded(data, ".ogv", "video/ogg")
    raise CellError("not a video that browsers play: convert it to MP4 or WebM")
