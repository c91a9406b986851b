"""The container formats of sounds and videos, known by their first bytes."""

from typing import Final

_BOX_HEADER_BYTES = 16
_EBML: Final = b"\x1a\x45\xdf\xa3"
_DOCTYPE_WITHIN = 64
_ADTS_HEADER_BYTES = 7
_ADTS_RATES = 13


def iso_brand(data: bytes) -> bytes | None:
    """The major brand of an ISO base media file (ISO/IEC 14496-12) such as MP4; None for anything else."""
    size = int.from_bytes(data[:4])
    if data[4:8] != b"ftyp" or not _BOX_HEADER_BYTES <= size <= len(data):
        return None
    return data[8:12]


def is_webm(data: bytes) -> bool:
    """Whether it is WebM, and not another file of Matroska's kind."""
    return is_matroska(data) and b"webm" in data[:_DOCTYPE_WITHIN]


def is_matroska(data: bytes) -> bool:
    """Whether it is an EBML file (RFC 8794), as Matroska and WebM are."""
    return data.startswith(_EBML)


def is_adts(data: bytes) -> bool:
    """Whether it is AAC in ADTS frames (ISO/IEC 13818-7, 6.2), as far as the first two tell."""
    if not _begins_adts(data):
        return False
    length = (data[3] & 0x03) << 11 | data[4] << 3 | data[5] >> 5
    return length >= _ADTS_HEADER_BYTES and (length >= len(data) or _begins_adts(data[length : length + 16]))


def _begins_adts(data: bytes) -> bool:
    # Twelve bits of sync, then the layer, which is 0 as it never is in MP3.
    return (
        len(data) >= _ADTS_HEADER_BYTES
        and data[0] == 0xFF
        and data[1] & 0xF6 == 0xF0
        and data[2] >> 2 & 0x0F < _ADTS_RATES
    )
