"""Runs images with `podman`, as restricted as they are deployed, on the network of this machine."""

import subprocess
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from verify.images import Image, environment
from verify.programs import run

# Where a second hierarchy of cgroups without controllers is mounted, podman takes it for the one to use: it doesn't see
# it here. The mounts are its own, so nobody else misses it.
_ALONE = ["unshare", "--mount", "sh", "-c"]
_ALONE += ['! mountpoint -q /sys/fs/cgroup/unified || umount /sys/fs/cgroup/unified; exec podman "$@"', "podman"]
# Nothing here limits memory or needs more files than any machine lets it have.
_HERE = ["--network=host", "--cgroups=disabled", "--ulimit=nofile=1024:1024", "--ulimit=nproc=4096:4096"]
# Who runs the health checks is systemd, or nobody.
_HERE += ["--no-healthcheck"]
_RESTRICTED = ["--read-only", "--cap-drop=all", "--security-opt=no-new-privileges"]


@dataclass(frozen=True)
class Container:
    """A container that was started."""

    name: str
    process: subprocess.Popen[bytes]
    """Ends with the container, with its exit code."""
    log: Path

    def execute(self, command: Sequence[str]) -> subprocess.CompletedProcess[str]:
        """Runs a command in it to its end."""
        return podman("exec", self.name, *command)

    def signal(self, name: str) -> None:
        """Sends its first process a signal."""
        podman("kill", f"--signal={name}", self.name).check_returncode()

    @property
    def output(self) -> str:
        """What it has written so far."""
        return self.log.read_text()


def podman(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs podman to its end, with its output as text."""
    return run([*_ALONE, *arguments], environment=environment())


def run_to_the_end(
    image: Image, arguments: Sequence[str], variables: Mapping[str, str], *options: str
) -> subprocess.CompletedProcess[str]:
    """Runs a container that ends by itself, with its output as text."""
    return podman("run", "--rm", *_options(variables), *options, image.name, *arguments)


@contextmanager
def running(
    image: Image, arguments: Sequence[str], variables: Mapping[str, str], directory: Path, *options: str
) -> Iterator[Container]:
    """A container that runs during a `with` block; what it writes goes to a file in `directory`."""
    name = f"verify-{uuid.uuid4().hex[:12]}"
    log = directory / f"{name}.log"
    command = [*_ALONE, "run", f"--name={name}", *_options(variables), *options, image.name, *arguments]
    with log.open("wb") as output:
        process = subprocess.Popen(command, env=environment(), stdout=output, stderr=output)
    try:
        yield Container(name, process, log)
    finally:
        podman("rm", "--force", "--ignore", "--time=0", name)
        process.wait(30)


def _options(variables: Mapping[str, str]) -> list[str]:
    return [*_HERE, *_RESTRICTED, *(f"--env={name}={value}" for name, value in variables.items())]
