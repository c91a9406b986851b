"""The layers around each kind of process, and which of them are in force."""

from pathlib import Path

from reader.isolation import landlock, places
from reader.isolation.limits import (
    Limits,
    forbid_core_dumps,
    limit_cpu,
    limit_file_size,
    limit_memory,
    limit_memory_generously,
)
from reader.isolation.network import leave_network
from reader.isolation.seccomp import refuse_sockets_and_programs

Layers = dict[str, int]
"""Each layer by its name, and whether it is in force; of Landlock, the version."""


def confine_job(limits: Limits, staging: Path | None) -> Layers:
    """For a process that asks the Hub, downloads and reads; `staging` is where it may remove files."""
    return {
        "core_dumps_off": forbid_core_dumps(),
        "cpu_limit": limit_cpu(limits.cpu_seconds),
        "memory_limit": limit_memory_generously(limits.memory_bytes),
        "file_size_limit": limit_file_size(limits.file_bytes),
        "landlock": landlock.restrict_to(places.of_job(staging), connect=True),
    }


def confine_decoder(limits: Limits, staging: Path) -> Layers:
    """For a process that needs nothing but bytes, and a folder to write to."""
    return {
        "core_dumps_off": forbid_core_dumps(),
        "cpu_limit": limit_cpu(limits.cpu_seconds),
        "memory_limit": limit_memory(limits.memory_bytes),
        "file_size_limit": limit_file_size(limits.file_bytes),
        "network_namespace": leave_network(),
        "landlock": landlock.restrict_to(places.of_decoder(staging), connect=False),
        "seccomp": refuse_sockets_and_programs(),
    }
