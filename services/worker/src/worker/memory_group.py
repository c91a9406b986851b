"""A memory cgroup around the processes of a job, where this process may make one: by either version of the interface.

The kernel then ends a process the moment that they need too much, however fast; looking now and then may be too late.
Sources: the kernel's admin-guide/cgroup-v1/memory and admin-guide/cgroup-v2.
"""

import contextlib
import os
import re
from collections.abc import Iterator
from pathlib import Path

_ROOT = Path("/sys/fs/cgroup")
_PREFIX = "datasets-server-"
_KILLS = re.compile(r"^oom_kill (\d+)$", re.MULTILINE)


class MemoryGroup:
    """The group of this worker's running job; without a cgroup that can be written, it does nothing.

    A group goes with its job. One that a killed worker left is empty and goes when the next one starts.
    """

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._kills_before = 0
        parent = _own_group()
        self._folder = parent and parent / f"{_PREFIX}{os.getpid()}"
        if parent:
            _remove_those_of_the_dead(parent)
        self.works = self._open()
        self.close()

    @property
    def killed(self) -> bool:
        """Whether the kernel ended a process of the group since it was opened."""
        return self.works and self._kills() > self._kills_before

    @contextlib.contextmanager
    def of_job(self) -> Iterator[None]:
        """The group is there within the block."""
        self.works = self._open()
        try:
            yield
        finally:
            self.close()

    def add(self, pid: int) -> None:
        """Puts a process into the group, if it still lives; its children will be in it too."""
        if self.works and self._folder:
            with contextlib.suppress(OSError):
                (self._folder / "cgroup.procs").write_text(str(pid))

    def close(self) -> None:
        """Removes the group; while one of its processes is still ending, that is left to the next job."""
        if self._folder:
            with contextlib.suppress(OSError):
                self._folder.rmdir()

    def _open(self) -> bool:
        if not self._folder:
            return False
        try:
            self._folder.mkdir(exist_ok=True)
            limits = [self._folder / name for name in ("memory.max", "memory.limit_in_bytes")]
            next(limit for limit in limits if limit.exists()).write_text(str(self._limit_bytes))
            self._kills_before = self._kills()
        except (OSError, StopIteration):
            return False
        return True

    def _kills(self) -> int:
        assert self._folder
        for name in ("memory.events", "memory.oom_control"):
            with contextlib.suppress(OSError):
                found = _KILLS.search((self._folder / name).read_text())
                return int(found[1]) if found else 0
        return 0


def _own_group() -> Path | None:
    """The group of this process in the hierarchy that has memory: of version 1 where that is in use, else of 2."""
    try:
        lines = Path("/proc/self/cgroup").read_text().splitlines()
    except OSError:
        return None
    paths = {controllers: path.lstrip("/") for _, controllers, path in (line.split(":", 2) for line in lines)}
    of_memory = next((key for key in paths if "memory" in key.split(",")), None)
    root = _ROOT / "memory" if of_memory is not None else _ROOT
    path = paths.get(of_memory or "")
    # In a container, the path may be the host's.
    places = [root / path, root] if path is not None else []
    return next((place for place in places if (place / "cgroup.procs").exists()), None)


def _remove_those_of_the_dead(parent: Path) -> None:
    for left in parent.glob(f"{_PREFIX}*"):
        if not Path(f"/proc/{left.name.removeprefix(_PREFIX)}").exists():
            with contextlib.suppress(OSError):
                left.rmdir()
