"""From the bytes of a media file to a file that a browser shows, and the JSON that describes it.

Decoders meet hostile bytes, so in production `decode` runs in a process without network and token: bytes, a kind and a
name go in, JSON comes out. A file's name comes from its content alone, its extension from what the decoder found.
"""

import hashlib
from pathlib import Path
from typing import Any, Protocol

from reader.features import audio, image, pdf, video
from reader.features.kinds import CellError, Decoded

__all__ = ["CellError", "Decode", "decode"]

_DECODERS = {"image": image.decode, "audio": audio.decode, "video": video.decode, "pdf": pdf.decode}


class Decode(Protocol):
    """Decodes one media file; see `decode`, which is the real one."""

    def __call__(self, kind: str, data: bytes, name: str | None) -> dict[str, Any]: ...


def decode(kind: str, data: bytes, name: str | None, *, staging: Path) -> dict[str, Any]:
    """Write a media file for browsers into `staging` and describe it.

    `kind` is "image", "audio", "video" or "pdf"; `name` is what the data calls the file, used in messages only.
    Returns `{"file": its name in staging, "type": its media type, "details": {…}, "thumbnail": the same of a picture of
    it, or None}`, all JSON; the details are the kind's own ("height", "width", "size_bytes").

    Raises:
        CellError: the bytes are not what `kind` says, or nothing a browser could show.
    """
    try:
        decoded = _DECODERS[kind](data)
    except CellError as error:
        raise CellError(f"{Path(name).name}: {error}" if name else str(error)) from error
    return _write(decoded, staging)


def _write(decoded: Decoded, staging: Path) -> dict[str, Any]:
    return {
        "file": _write_file(decoded, staging),
        "type": decoded.media_type,
        "details": decoded.details,
        "thumbnail": decoded.thumbnail and _write(decoded.thumbnail, staging),
    }


def _write_file(decoded: Decoded, staging: Path) -> str:
    file = hashlib.sha256(decoded.data).hexdigest()[:32] + decoded.extension
    if not (staging / file).exists():
        temporary = staging / f".{file}.part"
        temporary.write_bytes(decoded.data)
        temporary.rename(staging / file)
    return file
