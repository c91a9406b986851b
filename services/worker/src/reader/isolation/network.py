"""A process without a network."""

import sys

from reader.isolation.system import libc

_CLONE_NEWUSER = 0x10000000
_CLONE_NEWNET = 0x40000000


def leave_network() -> bool:
    """Moves this process into a network namespace that has no interface up; False where the kernel doesn't let it.

    A process with more than one thread can't do it without privileges. Source: unshare(2).
    """
    if sys.platform != "linux":
        return False
    return any(libc.unshare(flags) == 0 for flags in (_CLONE_NEWNET, _CLONE_NEWUSER | _CLONE_NEWNET))
