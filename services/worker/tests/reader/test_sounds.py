"""Sounds as browsers get them."""

import io
from pathlib import Path

import numpy as np
import pytest
import soundfile
from reader.features import audio
from reader.features.kinds import CellError
from reader.media import decode

RATE = 8_000
TONE = 0.5 * np.sin(np.arange(900) / 3)


def sound(file_format: str, subtype: str, samples: "np.ndarray[tuple[int, ...], np.dtype[np.float64]]" = TONE) -> bytes:
    data = io.BytesIO()
    soundfile.write(data, samples, RATE, format=file_format, subtype=subtype)
    return data.getvalue()


def mp4(brand: bytes) -> bytes:
    return b"\x00\x00\x00\x18ftyp" + brand + bytes(12) + b"\x00\x00\x00\x08mdat"


def adts_frame(payload: bytes) -> bytes:
    """A frame of AAC: LC, 44.1 kHz, stereo, without checksum."""
    length = 7 + len(payload)
    return bytes([0xFF, 0xF1, 0x50, 0x80 | length >> 11, length >> 3 & 0xFF, (length & 7) << 5 | 0x1F, 0xFC]) + payload


@pytest.mark.parametrize(
    ("data", "extension", "media_type"),
    [
        (sound("MP3", "MPEG_LAYER_III"), ".mp3", "audio/mpeg"),
        (sound("OGG", "VORBIS"), ".ogg", "audio/ogg"),
        (sound("OGG", "OPUS"), ".ogg", "audio/ogg"),
        (sound("FLAC", "PCM_16"), ".flac", "audio/flac"),
        (sound("FLAC", "PCM_24"), ".flac", "audio/flac"),
        (sound("WAV", "PCM_U8"), ".wav", "audio/wav"),
        (sound("WAV", "PCM_24"), ".wav", "audio/wav"),
        (sound("WAVEX", "FLOAT"), ".wav", "audio/wav"),
        (mp4(b"M4A "), ".m4a", "audio/mp4"),
        (mp4(b"isom"), ".m4a", "audio/mp4"),
        (b"\x1a\x45\xdf\xa3\x9f\x42\x82\x84webm" + bytes(20), ".weba", "audio/webm"),
        (adts_frame(bytes(20)) + adts_frame(bytes(9)), ".aac", "audio/aac"),
    ],
)
def test_a_sound_that_browsers_play_is_kept_byte_for_byte(
    data: bytes, extension: str, media_type: str, tmp_path: Path
) -> None:
    decoded = decode("audio", data, None, staging=tmp_path)
    assert (Path(decoded["file"]).suffix, decoded["type"]) == (extension, media_type)
    assert (tmp_path / decoded["file"]).read_bytes() == data


@pytest.mark.parametrize(
    ("file_format", "subtype"),
    [
        ("WAV", "ULAW"),
        ("WAV", "DOUBLE"),
        ("WAV", "GSM610"),
        ("AIFF", "PCM_16"),
        ("AU", "PCM_16"),
        ("CAF", "ALAC_16"),
        ("RF64", "PCM_16"),
        ("W64", "FLOAT"),
    ],
)
def test_any_other_sound_becomes_wav(file_format: str, subtype: str, tmp_path: Path) -> None:
    decoded = decode("audio", sound(file_format, subtype), None, staging=tmp_path)
    samples, rate = soundfile.read(tmp_path / decoded["file"])
    assert (rate, decoded["type"]) == (RATE, "audio/wav")
    assert len(TONE) <= len(samples) < len(TONE) + 640  # a whole number of blocks of the encoding
    assert np.corrcoef(samples[: len(TONE)], TONE)[0, 1] > 0.95


def test_channels_are_kept_and_loud_samples_are_cut_rather_than_wrapped(tmp_path: Path) -> None:
    decoded = decode("audio", sound("AU", "DOUBLE", np.array([[0.5, -2.0]] * 100)), None, staging=tmp_path)
    samples, _ = soundfile.read(tmp_path / decoded["file"])
    assert samples.shape == (100, 2)
    assert samples[50].tolist() == pytest.approx([0.5, -1.0], abs=0.001)


def test_big_endian_wav_is_converted(tmp_path: Path) -> None:
    data = io.BytesIO()
    soundfile.write(data, TONE, RATE, format="WAV", subtype="PCM_16", endian="BIG")
    decoded = decode("audio", data.getvalue(), None, staging=tmp_path)
    assert (tmp_path / decoded["file"]).read_bytes()[:4] == b"RIFF"


def test_a_sound_that_is_too_long_to_be_converted_is_an_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(audio, "_MAX_SAMPLES", 899)
    with pytest.raises(CellError, match="too long"):
        decode("audio", sound("AIFF", "PCM_16"), None, staging=tmp_path)


@pytest.mark.parametrize(
    "data",
    [
        b"RIFF\xff\xff\xff\xffWAVEfmt ",
        b"ID3\x04\x00\x00\x7f\x7f\x7f\x7f",
        b"OggS" + bytes(40),
        b"fLaC" + bytes(40),
        b"\xff\xf1\x50\x80\x01\x1f\xfc<script>",
        mp4(b"avif"),
        mp4(b"qt  "),
        b"\x1a\x45\xdf\xa3\x9f\x42\x82\x88matroska" + bytes(20),
        b"\x7f\xff\xff\xffftypM4A ",
        b"#!AMR\n" + bytes(40),
    ],
)
def test_a_damaged_or_unknown_sound_is_an_error(data: bytes, tmp_path: Path) -> None:
    with pytest.raises(CellError, match=r"^not a sound of a known format, or a damaged one$"):
        decode("audio", data, None, staging=tmp_path)
    assert list(tmp_path.iterdir()) == []
