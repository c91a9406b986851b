"""Builds the images without a container engine: `buildah`, on a base made of Debian's own packages by `mmdebstrap`.

What is made stays in `.verify` for the next time: the base, and the layers that are still what the Dockerfile says.
"""

import configparser
import functools
import json
import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from verify.programs import run

ROOT = Path(__file__).parent.parent
DIRECTORY = ROOT / ".verify"
# The Dockerfile's own default, so that it is built as it is.
BASE = "docker.io/library/python:3.11-slim-bookworm"
_BASE_RECIPE = ("--variant=minbase", "--include=python3,python3-venv,ca-certificates", "bookworm")
_PYTHON_WITH_PIP = ROOT / ".venv-poetry" / "bin" / "python"
# Where packages come from, by pip's own answer: from its files, its environment or its defaults.
_ASK_PIP = """
import json
from pip._internal.commands import create_command

options = create_command("install").parser.get_default_values()
settings = {
    "index-url": [options.index_url],
    "extra-index-url": options.extra_index_urls,
    "trusted-host": options.trusted_hosts,
    "proxy": [options.proxy or ""],
}
print(json.dumps({"settings": settings, "certificates": options.cert}))
"""
SOURCE, VERSION, REVISION = "https://example.org/datasets-server", "0.0.1", "0123abcd"


class ImageError(Exception):
    """An image can't be had; the message holds the end of what the builder said."""


@dataclass(frozen=True)
class Image:
    """A built image."""

    name: str
    config: dict[str, Any]
    """As the OCI image specification has it: `User`, `Entrypoint`, `Labels` and so on."""
    health_check: list[str]
    """The command whose exit code says whether a container is well; empty where there is none."""
    size: int
    """Bytes, those of the base included."""


@functools.cache
def build(target: str) -> Image:
    """The image of a target of the Dockerfile.

    Raises:
        ImageError: it can't be built.
    """
    base()
    name = f"localhost/datasets-server-{target}"
    secrets = _write_secrets()
    labels = {"SOURCE": SOURCE, "VERSION": VERSION, "REVISION": REVISION}
    _step(
        ["buildah", "bud", "--isolation=chroot", "--pull-never", "--layers", "--format=docker", "--target", target]
        + [f"--secret=id={secret},src={path}" for secret, path in secrets.items()]
        + [f"--build-arg={argument}={value}" for argument, value in labels.items()]
        + ["--tag", name, str(ROOT)]
    )
    return _inspect(name)


@functools.cache
def base() -> Image:
    """A stand-in for the Python image that the Dockerfile begins with."""
    _write_storage_settings()
    stamp = DIRECTORY / "base-stamp"
    wanted = " ".join((BASE, *_BASE_RECIPE))
    if not stamp.exists() or stamp.read_text() != wanted:
        archive = DIRECTORY / "base.tar"
        _step(["mmdebstrap", *_BASE_RECIPE, str(archive)])
        _step(["podman", "import", str(archive), BASE])
        archive.unlink()
        stamp.write_text(wanted)
    return _inspect(BASE)


def environment() -> dict[str, str]:
    """The environment of whatever works with these images."""
    return {**os.environ, "CONTAINERS_STORAGE_CONF": str(DIRECTORY / "storage.conf")}


def _write_storage_settings() -> None:
    DIRECTORY.mkdir(exist_ok=True)
    settings = configparser.ConfigParser()
    settings["storage"] = {
        "driver": '"overlay"',
        "graphroot": f'"{DIRECTORY / "storage"}"',
        "runroot": f'"{DIRECTORY / "run"}"',
    }
    with (DIRECTORY / "storage.conf").open("w") as file:
        settings.write(file)


def _write_secrets() -> dict[str, Path]:
    """What a build needs to reach the package index that this machine's pip uses; never a part of the image."""
    pip = json.loads(_step([str(_PYTHON_WITH_PIP), "-I", "-c", _ASK_PIP]))
    settings = configparser.ConfigParser(interpolation=None)
    # A folder of this machine isn't there in a build.
    settings["global"] = {
        name: "\n".join(value for value in values if not value.startswith("file:"))
        for name, values in pip["settings"].items()
    }
    secrets = {"pip": DIRECTORY / "pip.conf"}
    secrets["pip"].touch(0o600)
    with secrets["pip"].open("w") as file:
        settings.write(file)
    if pip["certificates"]:
        secrets["certificates"] = Path(pip["certificates"])
    return secrets


def _inspect(name: str) -> Image:
    (found,) = json.loads(_step(["podman", "image", "inspect", name]))
    check = found.get("Healthcheck", {}).get("Test", [])
    return Image(name, found["Config"], check[1:] if check[:1] == ["CMD"] else [], found["Size"])


def _step(command: Sequence[str]) -> str:
    try:
        done = run(command, environment=environment(), seconds=900)
    except subprocess.TimeoutExpired as error:
        raise ImageError(f"{command[0]} {command[1]} took longer than {error.timeout:.0f} s") from error
    if done.returncode != 0:
        raise ImageError(f"{' '.join(command)} failed:\n{(done.stdout + done.stderr)[-4000:]}")
    return done.stdout
