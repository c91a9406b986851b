"""Limits of the kernel on what a process may use. Source: getrlimit(2)."""

import resource
from dataclasses import dataclass
from pathlib import Path

# Above what a job may have come what allocators and the stacks of threads reserve and never touch.
_RESERVED_BYTES = 4 * 1024**3


@dataclass(frozen=True, slots=True)
class Limits:
    """What a process may use: bytes of memory beyond those it was forked with, bytes of one file, and seconds of CPU.

    Those are for a whole job, or for one file of a process that decodes.
    """

    cpu_seconds: int
    memory_bytes: int
    file_bytes: int


def forbid_core_dumps() -> bool:
    """From now on no crash of this process or its children leaves the data of a job, or its token, on disk."""
    return _limit(resource.RLIMIT_CORE, 0)


def limit_cpu(seconds: int) -> bool:
    """SIGXCPU ends this process after `seconds` of CPU time in all; a later call may set another limit."""
    return _limit(resource.RLIMIT_CPU, seconds, for_good=False)


def limit_file_size(size: int) -> bool:
    """Writing a file beyond `size` bytes fails."""
    return _limit(resource.RLIMIT_FSIZE, size)


def limit_memory(size: int) -> bool:
    """Allocating raises MemoryError when this process has `size` bytes more of address space than now, and a reserve.

    Only Linux tells how much that is now. It bounds what one request for memory can be; how much is in use is for the
    worker to watch.
    """
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except OSError:
        return False
    return _limit(resource.RLIMIT_AS, pages * resource.getpagesize() + size)


def limit_memory_generously(size: int) -> bool:
    """`limit_memory` for a process that starts threads and reads by pyarrow, which reserve far more than they use."""
    return limit_memory(size + _RESERVED_BYTES)


def _limit(what: int, size: int, *, for_good: bool = True) -> bool:
    try:
        present, allowed = resource.getrlimit(what)
        # One that is for good never allows more than there was before.
        bounds = (present, allowed) if for_good else (allowed,)
        size = min([size, *(bound for bound in bounds if bound != resource.RLIM_INFINITY)])
        resource.setrlimit(what, (size, size if for_good else allowed))
    except (OSError, ValueError):
        return False
    return True
