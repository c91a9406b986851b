"""Sounds: by libsndfile, and by their first bytes what it does not read and browsers play."""

import io
from typing import Any

import soundfile

from reader.features.containers import is_adts, is_webm, iso_brand
from reader.features.kinds import CellError, Conversion, Decoded

# What browsers play is kept byte for byte.
_KEPT = {
    ("MP3", "MPEG_LAYER_III"): (".mp3", "audio/mpeg"),
    ("OGG", "VORBIS"): (".ogg", "audio/ogg"),
    ("OGG", "OPUS"): (".ogg", "audio/ogg"),
    **{("FLAC", subtype): (".flac", "audio/flac") for subtype in ("PCM_S8", "PCM_16", "PCM_24")},
    **{
        (wav, subtype): (".wav", "audio/wav")
        for wav in ("WAV", "WAVEX")
        for subtype in ("PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT")
    },
}
_BRANDS = {b"M4A ", b"M4B ", b"mp41", b"mp42", b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"dash"}
_MAX_SAMPLES = 50_000_000
_PROBE_FRAMES = 4_096
_BLOCK_FRAMES = 65_536


def convert(_feature: Any, value: Any, conversion: Conversion) -> Any:
    """`[{"src", "type"}]`: a list, for one day there may be several encodings."""
    media = conversion.media("audio", value)
    return [{"src": media.src, "type": media.media_type}]


def decode(data: bytes) -> Decoded:
    """The sound itself where browsers play it, else a WAV of it.

    Raises:
        CellError: not a sound of a known format, damaged, or too long to be converted.
    """
    if iso_brand(data) in _BRANDS:
        return Decoded(data, ".m4a", "audio/mp4")
    if is_webm(data):
        return Decoded(data, ".weba", "audio/webm")
    if is_adts(data):
        return Decoded(data, ".aac", "audio/aac")
    try:
        with soundfile.SoundFile(_Source(data)) as sound:
            extension, media_type = _KEPT.get((sound.format, sound.subtype), ("", ""))
            if extension and not (extension == ".wav" and data.startswith(b"RIFX")):
                sound.read(_PROBE_FRAMES)
                return Decoded(data, extension, media_type)
            return _wav_of(sound)
    except soundfile.LibsndfileError as error:
        raise CellError("not a sound of a known format, or a damaged one") from error


class _Source(io.BytesIO):
    """A damaged file may tell libsndfile to seek to nowhere. That comes as a callback, which may not raise."""

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        try:
            return super().seek(offset, whence)
        except (ValueError, OverflowError):
            return self.tell()


def _wav_of(sound: soundfile.SoundFile) -> Decoded:
    if sound.frames * sound.channels > _MAX_SAMPLES:
        raise CellError("a sound that is too long to be converted to WAV")
    wav = io.BytesIO()
    with soundfile.SoundFile(wav, "w", sound.samplerate, sound.channels, "PCM_16", format="WAV") as written:
        while len(block := sound.read(_BLOCK_FRAMES, dtype="float32")):
            written.write(block)
    return Decoded(wav.getvalue(), ".wav", "audio/wav")
