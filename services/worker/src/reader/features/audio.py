"""Sounds, by libsndfile."""

import io
from typing import Any

import soundfile

from reader.features.kinds import CellError, Conversion, Decoded

# What browsers play is kept byte for byte.
_KEPT = {
    "MP3": (".mp3", "audio/mpeg"),
    "OGG": (".ogg", "audio/ogg"),
    "FLAC": (".flac", "audio/flac"),
    "WAV": (".wav", "audio/wav"),
    "WAVEX": (".wav", "audio/wav"),
}
_PLAYED_WAV = {"PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT"}
_MAX_SAMPLES = 50_000_000
_PROBE_FRAMES = 4_096


def convert(_feature: Any, value: Any, conversion: Conversion) -> Any:
    """`[{"src", "type"}]`: a list, for one day there may be several encodings."""
    media = conversion.media("audio", value)
    return [{"src": media.src, "type": media.media_type}]


def decode(data: bytes) -> Decoded:
    """The sound itself where browsers play it, else a WAV of it.

    Raises:
        CellError: not a sound that libsndfile reads, damaged, or too long to be converted.
    """
    try:
        with soundfile.SoundFile(io.BytesIO(data)) as sound:
            extension, media_type = _KEPT.get(sound.format, ("", ""))
            if media_type and (extension != ".wav" or sound.subtype in _PLAYED_WAV):
                sound.read(_PROBE_FRAMES)
                return Decoded(data, extension, media_type)
            if sound.frames * sound.channels > _MAX_SAMPLES:
                raise CellError("a sound that is too long to be converted to WAV")
            wav = io.BytesIO()
            soundfile.write(wav, sound.read(dtype="float32"), sound.samplerate, format="WAV", subtype="PCM_16")
            return Decoded(wav.getvalue(), ".wav", "audio/wav")
    except soundfile.LibsndfileError as error:
        raise CellError("not a sound of a known format, or a damaged one") from error
