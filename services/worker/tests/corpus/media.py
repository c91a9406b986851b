"""What is expected of a media file that an answer names: it stands in a case's row in place of the file's URL."""

import hashlib
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import soundfile
from PIL import Image


class Asset(Protocol):
    """A file that has to be there."""

    def check(self, file: Path) -> None:
        """Raises AssertionError when it is another one."""


@dataclass(frozen=True)
class Kept:
    """The very bytes of the data, under a name that comes from them."""

    data: bytes
    extension: str

    def check(self, file: Path) -> None:
        assert file.suffix == self.extension
        assert hashlib.sha256(self.data).hexdigest().startswith(file.stem)
        assert file.read_bytes() == self.data


@dataclass(frozen=True)
class Picture:
    """A PNG that was made of the data, with a pixel at its upper left of about this colour, as RGBA."""

    color: tuple[int, int, int, int]

    def check(self, file: Path) -> None:
        assert file.suffix == ".png"
        with Image.open(file, formats=["PNG"]) as image:
            found = image.convert("RGBA").getpixel((0, 0))
        assert isinstance(found, tuple)
        assert all(abs(ours - theirs) <= 12 for ours, theirs in zip(found, self.color, strict=True)), found


@dataclass(frozen=True)
class Sound:
    """A WAV that was made of the data."""

    frames: int
    rate: int = 8_000

    def check(self, file: Path) -> None:
        assert file.suffix == ".wav"
        with soundfile.SoundFile(io.BytesIO(file.read_bytes())) as sound:
            assert (sound.frames, sound.samplerate, sound.subtype) == (self.frames, self.rate, "PCM_16")
