"""A filter of system calls, for a process that needs few. Source: seccomp(2), and the kernel's seccomp_filter.

By prctl(2) itself: the libraries for it need libseccomp, which a small image does not have.
"""

import ctypes
import errno
import platform
import struct
import sys

from reader.isolation.system import give_up_privileges_to_come, libc

_PR_SET_SECCOMP, _MODE_FILTER = 22, 2
_ALLOW, _KILL, _REFUSE = 0x7FFF0000, 0x80000000, 0x00050000 | errno.EPERM
# Of `struct seccomp_data`: where the number of the call is, and the architecture that it is made by.
_NUMBER_AT, _ARCHITECTURE_AT = 0, 4
_LOAD, _IF_EQUAL, _IF_NOT_LESS, _RETURN = 0x20, 0x15, 0x35, 0x06
# Numbers of the x32 interface, which an x86-64 kernel may have besides its own.
_X32 = 0x40000000

# The kernel's number of each architecture, and its numbers of the calls that are refused: those that make sockets,
# the door around them (io_uring), those that start programs, and the one that reads other processes.
_ARCHITECTURES = {
    "x86_64": (
        0xC000003E,
        {"socket": 41, "socketpair": 53, "io_uring_setup": 425, "execve": 59, "execveat": 322, "ptrace": 101},
    ),
    "aarch64": (
        0xC00000B7,
        {"socket": 198, "socketpair": 199, "io_uring_setup": 425, "execve": 221, "execveat": 281, "ptrace": 117},
    ),
}


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def refuse_sockets_and_programs() -> bool:
    """From now on this process makes no socket and starts no program: it gets "Operation not permitted".

    False where the kernel or the architecture doesn't allow for it.
    """
    if sys.platform != "linux" or platform.machine() not in _ARCHITECTURES:
        return False
    architecture, refused = _ARCHITECTURES[platform.machine()]
    code = _filter(architecture, sorted(refused.values()))
    program = _Program(len(code) // 8, code)
    give_up_privileges_to_come()
    return bool(libc.prctl(_PR_SET_SECCOMP, _MODE_FILTER, ctypes.byref(program), 0, 0) == 0)


def _filter(architecture: int, refused: list[int]) -> bytes:
    checks = [
        _jump(_IF_NOT_LESS, _X32, len(refused) + 1),
        *(_jump(_IF_EQUAL, number, len(refused) - index) for index, number in enumerate(refused)),
    ]
    return b"".join(
        [
            _step(_LOAD, _ARCHITECTURE_AT),
            _jump(_IF_EQUAL, architecture, 1),
            _step(_RETURN, _KILL),
            _step(_LOAD, _NUMBER_AT),
            *checks,
            _step(_RETURN, _ALLOW),
            _step(_RETURN, _REFUSE),
        ]
    )


def _jump(condition: int, value: int, steps: int) -> bytes:
    """If it holds, goes on `steps` further than it would."""
    return struct.pack("HBBI", condition, steps, 0, value)


def _step(code: int, value: int) -> bytes:
    return struct.pack("HBBI", code, 0, 0, value)
