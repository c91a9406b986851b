"""Files that are not what their names say: Git LFS pointers in place of the files that they stand for, and gzip.

Sources: the Git LFS specification, version 1; RFC 1952, section 2.3.1.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

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
        huggingface_hub.errors.HfHubHTTPError, httpx2.TransportError: the Hub fails.
    """
    try:
        yield
    except CodedError as error:
        if snapshot is None or error.entry.fault is not Fault.DATA:
            raise
        small = [path for path in paths if 0 < snapshot.sizes[path] <= _MAX_POINTER_BYTES]
        for path in small[:_MOST_LOOKED_AT]:
            if is_pointer(RemoteFile(snapshot, path, token=token).fetch((0, _MAX_POINTER_BYTES))):
                raise CodedError("CorruptDataError", f"{path} is {POINTER_ADVICE}.") from error
        raise
