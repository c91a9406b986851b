"""Landlock: which files a process may open, and for what. Source: the kernel's userspace-api/landlock.

By the system calls themselves: the one library for it is an alpha release and knows no more than files.
"""

import ctypes
import os
import stat
import sys
from collections.abc import Iterable
from enum import IntFlag
from pathlib import Path

from reader.isolation.system import call, give_up_privileges_to_come

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_VERSION = 1
_PATH_BENEATH = 1


class Access(IntFlag):
    """What may be done with files, by the kernel's numbers."""

    EXECUTE = 1 << 0
    WRITE_FILE = 1 << 1
    READ_FILE = 1 << 2
    READ_DIR = 1 << 3
    REMOVE_DIR = 1 << 4
    REMOVE_FILE = 1 << 5
    MAKE_CHAR = 1 << 6
    MAKE_DIR = 1 << 7
    MAKE_REG = 1 << 8
    MAKE_SOCK = 1 << 9
    MAKE_FIFO = 1 << 10
    MAKE_BLOCK = 1 << 11
    MAKE_SYM = 1 << 12
    REFER = 1 << 13
    TRUNCATE = 1 << 14
    IOCTL_DEV = 1 << 15


READ = Access.READ_FILE | Access.READ_DIR
WRITE = (
    READ
    | Access.WRITE_FILE
    | Access.TRUNCATE
    | Access.MAKE_REG
    | Access.MAKE_DIR
    | Access.MAKE_SYM
    | Access.REMOVE_FILE
    | Access.REMOVE_DIR
    | Access.REFER
)
REMOVE = Access.READ_DIR | Access.REMOVE_FILE
_OF_FILES = Access.EXECUTE | Access.WRITE_FILE | Access.READ_FILE | Access.TRUNCATE | Access.IOCTL_DEV
# Which version of the interface has which rights over files: those up to this bit.
_BITS_BY_VERSION = {1: 13, 2: 14, 3: 15, 4: 15}
_ALL_BITS = 16

_BIND_TCP, _CONNECT_TCP = 1 << 0, 1 << 1
_WITH_NETWORK, _WITH_SCOPES = 4, 6
# Abstract Unix sockets and signals reach only processes that are restricted together with this one.
_SCOPES = 0b11


class _Ruleset(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("network", ctypes.c_uint64), ("scopes", ctypes.c_uint64))


class _Rule(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("access", ctypes.c_uint64), ("folder", ctypes.c_int32))


def version() -> int:
    """The version of the kernel's interface; 0 where there is none."""
    if sys.platform != "linux":
        return 0
    try:
        return call(_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(_VERSION))
    except OSError:
        return 0


def restrict_to(paths: Iterable[tuple[Path | str, Access]], *, connect: bool) -> int:
    """From now on this process may do with files only what `paths` say; those that aren't there are passed over.

    From version 4 of the interface it listens at no TCP port, and unless `connect` it connects to none; from version 6
    it signals no process outside. Returns the version, or 0 where it is not restricted.
    """
    has = version()
    if not has:
        return 0
    handled = (1 << _BITS_BY_VERSION.get(has, _ALL_BITS)) - 1
    network = (_BIND_TCP if connect else _BIND_TCP | _CONNECT_TCP) if has >= _WITH_NETWORK else 0
    scopes = _SCOPES if has >= _WITH_SCOPES else 0
    size = 8 if has < _WITH_NETWORK else 16 if has < _WITH_SCOPES else 24
    try:
        rules = call(
            _CREATE_RULESET,
            ctypes.byref(_Ruleset(handled, network, scopes)),
            ctypes.c_size_t(size),
            ctypes.c_uint32(0),
        )
        try:
            for path, access in paths:
                _allow(rules, path, int(access) & handled)
            give_up_privileges_to_come()
            call(_RESTRICT_SELF, ctypes.c_int(rules), ctypes.c_uint32(0))
        finally:
            os.close(rules)
    except OSError:
        return 0
    return has


def _allow(rules: int, path: Path | str, access: int) -> None:
    try:
        opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        if not stat.S_ISDIR(os.fstat(opened).st_mode):
            access &= _OF_FILES
        rule = _Rule(access, opened)
        call(_ADD_RULE, ctypes.c_int(rules), ctypes.c_int(_PATH_BENEATH), ctypes.byref(rule), ctypes.c_uint32(0))
    finally:
        os.close(opened)
