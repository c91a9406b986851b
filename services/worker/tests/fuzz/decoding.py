"""A media file of any content is decoded, and gives a file that browsers show or an error of its cell."""

import json
from pathlib import Path

from libcommon.errors import CodedError
from PIL import Image
from reader.features.kinds import CellError
from reader.media import decode

from services.worker.tests.corpus.case import Files
from services.worker.tests.fuzz.verdict import Trouble

# What the api serves; see `libcache.assets`.
_TYPES = {
    "image": {"image/jpeg", "image/png", "image/gif", "image/webp", "image/avif"},
    "audio": {"audio/mpeg", "audio/ogg", "audio/flac", "audio/wav", "audio/mp4", "audio/webm", "audio/aac"},
    "video": {"video/mp4", "video/webm", "video/ogg"},
    "pdf": {"application/pdf"},
}
_MAX_FILE_BYTES = 200_000_000


class Decoding:
    """Decodes files of one kind, one after another, into `staging`."""

    def __init__(self, kind: str, staging: Path) -> None:
        self._kind = kind
        self._staging = staging

    def check(self, files: Files) -> str:
        """What came of it, in a word.

        Raises:
            Trouble: something that must not.
        """
        for old in self._staging.iterdir():
            old.unlink()
        ((name, data),) = files.items()
        try:
            decoded = decode(self._kind, data, name, staging=self._staging)
        except CellError as error:
            if not str(error).startswith(Path(name).name):
                raise Trouble(f"the error doesn't name the file: {error}") from error
            return "an error of the cell"
        except MemoryError:
            return "too little memory"
        except CodedError as error:
            raise Trouble(f"{error.code}: {error.message}") from error
        json.dumps(decoded, allow_nan=False)
        if decoded["type"] not in _TYPES[self._kind]:
            raise Trouble(f"a file of the type {decoded['type']}")
        self._check_file(decoded["file"])
        if decoded["thumbnail"]:
            self._check_picture(decoded["thumbnail"]["file"], decoded["thumbnail"]["details"])
        if decoded["file"].endswith(".png") and self._kind == "image":
            self._check_picture(decoded["file"], decoded["details"])
        return str(decoded["type"])

    def _check_file(self, name: str) -> None:
        if (self._staging / name).stat().st_size > _MAX_FILE_BYTES:
            raise Trouble("a file of more than 200 MB")

    def _check_picture(self, name: str, details: dict[str, int]) -> None:
        """A PNG has the size that is said of it, but for a turn."""
        self._check_file(name)
        with Image.open(self._staging / name, formats=["PNG"]) as image:
            if sorted(image.size) != sorted(details.values()) or not all(details.values()):
                raise Trouble(f"a PNG of {image.size} that is said to have {details}", "another size")
