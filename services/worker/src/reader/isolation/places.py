"""Which files the processes that read data need: the program's own, and little of the system's."""

import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from reader.isolation.landlock import READ, REMOVE, WRITE, Access

_LIBRARIES = ["/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/etc/ld.so.cache"]
_DEVICES = ["/dev/urandom", "/dev/random", "/dev/zero"]
_FONTS = ["/usr/share/fonts", "/usr/local/share/fonts"]
_OF_THE_NETWORK = [
    "/etc/resolv.conf",
    "/etc/hosts",
    "/etc/host.conf",
    "/etc/nsswitch.conf",
    "/etc/gai.conf",
    "/etc/services",
    "/etc/protocols",
    "/etc/ssl",
    "/etc/pki",
    "/etc/ca-certificates",
    "/usr/share/ca-certificates",
    "/usr/local/share/ca-certificates",
]
_OF_THE_MACHINE = [
    "/etc/localtime",
    "/etc/mime.types",
    "/usr/share/zoneinfo",
    "/proc/self",
    "/proc/cpuinfo",
    "/proc/meminfo",
    "/sys/devices/system/cpu",
]
_CERTIFICATES = ["SSL_CERT_FILE", "SSL_CERT_DIR"]


def of_job(staging: Path | None) -> Iterator[tuple[Path | str, Access]]:
    """For a process that asks the Hub: it writes to the temporary directory, and removes staged files."""
    yield from _of_program()
    for path in [*_OF_THE_NETWORK, *_OF_THE_MACHINE]:
        yield path, READ
    for name in _CERTIFICATES:
        if os.environ.get(name):
            yield os.environ[name], READ
    yield tempfile.gettempdir(), WRITE
    if staging is not None:
        yield staging, REMOVE


def of_decoder(staging: Path) -> Iterator[tuple[Path | str, Access]]:
    """For a process that decodes media: it writes to the staging folder."""
    yield from _of_program()
    for path in _FONTS:
        yield path, READ
    yield staging, WRITE


def _of_program() -> Iterator[tuple[Path | str, Access]]:
    """Modules and libraries, for what is imported or loaded late."""
    for path in [*_LIBRARIES, *_DEVICES]:
        yield path, READ
    yield "/dev/null", Access.READ_FILE | Access.WRITE_FILE
    yield Path(__file__).parents[1], READ
    yield sys.prefix, READ
    yield sys.base_prefix, READ
    # `python -m` puts the working directory first, and that may hold anything.
    for entry in sys.path:
        if entry and Path(entry) != Path.cwd():
            yield entry, READ
