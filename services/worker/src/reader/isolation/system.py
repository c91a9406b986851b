"""System calls that Python has no functions for."""

import ctypes
import os

_PR_SET_NO_NEW_PRIVS = 38

libc = ctypes.CDLL(None, use_errno=True)


def call(number: int, *arguments: object) -> int:
    """A system call by its number, see syscall(2).

    Raises:
        OSError: it failed.
    """
    result: int = libc.syscall(number, *arguments)
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def give_up_privileges_to_come() -> None:
    """No program that this process starts has more rights than itself: the kernel asks that of who restricts itself."""
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
