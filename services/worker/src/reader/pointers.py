"""Git LFS pointers that were uploaded in place of the files that they stand for.

Source: the Git LFS specification, version 1.
"""

from libcommon.errors import CodedError

_BEGINNING = b"version https://git-lfs.github.com/spec/v1\n"
ADVICE = "a Git LFS pointer, and not the file that it stands for: upload that, for example by git lfs push"


def is_pointer(data: bytes) -> bool:
    """Whether a file with these first bytes is a pointer."""
    return data.startswith(_BEGINNING)


def check_no_pointer(path: str, data: bytes) -> None:
    """Raises CodedError, `CorruptDataError`, for a data file whose first bytes are those of a pointer."""
    if is_pointer(data):
        raise CodedError("CorruptDataError", f"{path} is {ADVICE}.")
