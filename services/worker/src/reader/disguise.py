"""Files that are not what their names say: Git LFS pointers in place of the files that they stand for, and gzip.

Sources: the Git LFS specification, version 1; RFC 1952, section 2.3.1.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import httpx2
from huggingface_hub.errors import HfHubHTTPError
from libcommon.errors import CodedError, Fault

from reader.remote import RemoteFile
from reader.snapshot import Snapshot

_POINTER = b"version https://git-lfs.github.com/spec/v1"
_MAX_POINTER_BYTES = 1_024
_MOST_LOOKED_AT = 4
_GZIP = b"\x1f\x8b"
POINTER_ADVICE = "a Git LFS pointer, and not the file that it stands for: upload that, for example by git lfs push"


def is_pointer(data: bytes) -> bool:
    """Whether a file with these first bytes is a Git LFS pointer."""
    return data.startswith(_POINTER)


def check_disguise(path: str, data: bytes) -> None:
    """Raises CodedError, `CorruptDataError`, for the first bytes of a text file that are those of no text."""
    if is_pointer(data):
        raise CodedError("CorruptDataError", f"{path} is {POINTER_ADVICE}.")
    if data.startswith(_GZIP):
        raise CodedError("CorruptDataError", f"{path} is compressed with gzip: give it a name that ends with .gz.")


@contextmanager
def pointers_told(snapshot: Snapshot | None, paths: Iterable[str], *, token: str | None) -> Iterator[None]:
    """Within the block an error of the data becomes that of a pointer, where one of the data files at `paths` is so
    small that it may be one, and is.

    Raises:
        CodedError: as the block, or `CorruptDataError` instead.
    """
    try:
        yield
    except CodedError as error:
        if snapshot is not None and error.entry.fault is Fault.DATA:
            small = [path for path in paths if 0 < snapshot.sizes.get(path, 0) <= _MAX_POINTER_BYTES]
            for path in small[:_MOST_LOOKED_AT]:
                if is_pointer(_beginning(snapshot, path, token)):
                    raise CodedError("CorruptDataError", f"{path} is {POINTER_ADVICE}.") from error
        raise


def _beginning(snapshot: Snapshot, path: str, token: str | None) -> bytes:
    """Nothing where the Hub fails: there is an error to be told already."""
    try:
        return RemoteFile(snapshot, path, token=token).fetch((0, _MAX_POINTER_BYTES))
    except (HfHubHTTPError, httpx2.TransportError):
        return b""
