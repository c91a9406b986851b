"""Sounds in folders."""

import io

import soundfile

from services.worker.tests.corpus.case import Case, Page, only
from services.worker.tests.corpus.media import Asset, Kept, Sound
from services.worker.tests.reader.edge_cases import lines, sound

_AUDIO = {"_type": "Audio"}
_M4A = b"\x00\x00\x00\x20ftypM4A \x00\x00\x00\x00M4A mp42isom\x00\x00\x00\x00" + b"\x00" * 200


def _cell(asset: Asset, media_type: str) -> list[dict[str, object]]:
    return [{"src": asset, "type": media_type}]


def _kept(name: str, file: str, content: bytes, media_type: str, extension: str | None = None) -> Case:
    extension = extension or f".{file.rpartition('.')[2]}"
    return Case(
        name,
        lambda: {file: content},
        only(Page({"audio": _AUDIO}, [{"audio": _cell(Kept(content, extension), media_type)}])),
    )


def _converted(name: str, file: str, content: bytes, frames: int = 800) -> Case:
    return Case(
        name,
        lambda: {file: content},
        only(Page({"audio": _AUDIO}, [{"audio": _cell(Sound(frames), "audio/wav")}])),
    )


def _refused(name: str, file: str, content: bytes) -> Case:
    good = sound("WAV")
    return Case(
        name,
        lambda: {"0.wav": good, file: content},
        only(
            Page(
                {"audio": _AUDIO},
                [{"audio": _cell(Kept(good, ".wav"), "audio/wav")}, {"audio": None}],
                errors={1: {"audio": f"{file}: not a sound"}},
            )
        ),
    )


def _channels(number: int) -> bytes:
    data = io.BytesIO()
    soundfile.write(data, [[0.0] * number] * 800, 8_000, format="WAV", subtype="PCM_16")
    return data.getvalue()


CASES = [
    _kept("sound-wav", "x.wav", sound("WAV"), "audio/wav"),
    _kept("sound-wav-24-bit", "x.wav", sound("WAV", "PCM_24"), "audio/wav"),
    _kept("sound-wav-of-8-channels", "x.wav", _channels(8), "audio/wav"),
    _kept("sound-flac", "x.flac", sound("FLAC"), "audio/flac"),
    _kept("sound-ogg", "x.ogg", sound("OGG"), "audio/ogg"),
    _kept("sound-opus", "x.opus", sound("OGG", "OPUS"), "audio/ogg", ".ogg"),
    _kept("sound-mp3", "x.mp3", sound("MP3"), "audio/mpeg"),
    _converted("sound-wav-mu-law", "x.wav", sound("WAV", "ULAW")),
    _converted("sound-wav-of-doubles", "x.wav", sound("WAV", "DOUBLE")),
    _converted("sound-aiff", "x.aiff", sound("AIFF")),
    _converted("sound-au", "x.au", sound("AU")),
    _kept("sound-aac", "x.wav", _M4A, "audio/mp4", ".m4a"),
    _refused("sound-midi", "1.wav", b"MThd\x00\x00\x00\x06\x00\x01\x00\x01\x00\x60"),
    _refused("sound-html-called-wav", "1.wav", b"<html><script>alert(1)</script></html>"),
    _refused("sound-of-zero-bytes", "1.mp3", b""),
    _refused("sound-wav-cut-in-its-header", "1.wav", sound("WAV")[:30]),
    _refused("sound-flac-cut-in-its-header", "1.flac", sound("FLAC")[:20]),
    _refused("sound-aiff-with-a-byte-missing", "1.aiff", sound("AIFF").replace(b"SSND", b"SND")),
    Case(
        "sounds-with-metadata",
        lambda: {"metadata.jsonl": lines({"file_name": "x.wav", "text": "silence"}), "x.wav": sound("WAV")},
        only(
            Page(
                {"audio": _AUDIO, "text": "string"},
                [{"audio": _cell(Kept(sound("WAV"), ".wav"), "audio/wav"), "text": "silence"}],
            )
        ),
    ),
]
