"""Files as git and the Hub know them: what tells that one changed, and the digests of its bytes."""

import hashlib
import os
import re
import stat
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple

CHUNK_BYTES = 1 << 20
LFS_POINTER_BYTES = 134
_LFS_MIN_BYTES = 10_000_001
_LFS_NAME = re.compile(
    r".*\.(7z|arrow|avi|avro|bin|bmp|bz2|duckdb|feather|flac|gif|gz|h5|hdf5|jpe?g|lance|lz4|m4a|mkv|mov|mp3|mp4|msgpack"
    r"|npy|npz|ogg|opus|parquet|pdf|pickle|pkl|png|pt|rar|sqlite|tar|tgz|tiff?|wav|webm|webp|xz|zip|zst)",
    re.IGNORECASE | re.DOTALL,
)
# The clock that stamps files moves in ticks of up to 10 ms: two writes in one tick leave the same stamp.
_CLOCK_TICK_NS = 20_000_000
_ATTEMPTS = 3


class StoppingError(Exception):
    """The Hub is being stopped in the middle of long work."""


class Signature(NamedTuple):
    """What stays the same as long as the bytes of a file do; times in nanoseconds since the epoch."""

    inode: int
    size: int
    mtime_ns: int
    ctime_ns: int

    @classmethod
    def of(cls, status: os.stat_result) -> "Signature":
        return cls(status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


class File(NamedTuple):
    """One file of a revision. `sha256` is there for files that the Hub keeps in large file storage."""

    signature: Signature
    blob_id: str
    sha256: str | None

    @property
    def size(self) -> int:
        return self.signature.size

    @property
    def etag(self) -> str:
        return self.sha256 or self.blob_id


def is_lfs(path: str, size: int) -> bool:
    """Whether a file belongs in large file storage: by its extension, or because it is over 10 MB."""
    return size >= _LFS_MIN_BYTES or _LFS_NAME.fullmatch(path) is not None


@contextmanager
def open_regular(path: Path) -> Iterator[BinaryIO]:
    """Open a regular file to read, following no symlink and waiting for no pipe.

    Raises OSError when there is none.
    """
    with open_descriptor(path) as file:
        yield file


def open_descriptor(path: Path) -> BinaryIO:
    """Like `open_regular`, for a file that the caller closes."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise FileNotFoundError(f"not a regular file: {path}")
    return os.fdopen(descriptor, "rb", buffering=0)


def signature_of(file: BinaryIO) -> Signature:
    return Signature.of(os.fstat(file.fileno()))


def digest(root: Path, path: str, stopping: threading.Event) -> File:
    """Hash the file at `path` under `root`.

    Raises OSError when it can't be read, `StoppingError` when `stopping` is set meanwhile.
    """
    for _ in range(_ATTEMPTS):
        with open_regular(root / path) as source:
            signature = signature_of(source)
            _let_the_clock_pass(signature.ctime_ns)
            blob = hashlib.sha1(b"blob %d\0" % signature.size, usedforsecurity=False)
            sha256 = hashlib.sha256() if is_lfs(path, signature.size) else None
            while chunk := source.read(CHUNK_BYTES):
                if stopping.is_set():
                    raise StoppingError
                blob.update(chunk)
                if sha256 is not None:
                    sha256.update(chunk)
            if signature_of(source) == signature:
                break
    # A file that changes all the time keeps a signature that no longer fits: whoever reads it will notice.
    return File(signature, blob.hexdigest(), sha256.hexdigest() if sha256 is not None else None)


def _let_the_clock_pass(ctime_ns: int) -> None:
    remaining = ctime_ns + _CLOCK_TICK_NS - time.time_ns()
    if 0 < remaining <= _CLOCK_TICK_NS:
        time.sleep(remaining / 1e9)
