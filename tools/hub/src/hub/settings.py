"""The settings of the Hub, from the command line or the environment."""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn
from urllib.parse import urlsplit

from hub.access import ME, STRANGER
from hub.faults import Faults, FaultsError
from hub.store import WORK_FOLDER


class SettingsError(ValueError):
    """A setting is missing or wrong; the message says which, and what was expected."""


@dataclass(frozen=True)
class Settings:
    directory: Path
    host: str
    port: int
    webhooks: tuple[str, ...]
    webhook_secret: str | None
    worker_token: str
    state_directory: Path
    faults: Faults


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise SettingsError(message)


def read_settings(arguments: Sequence[str], environment: Mapping[str, str]) -> Settings:
    """Read the settings; a flag wins over its variable. Raises `SettingsError`."""
    parser = _Parser(prog="hub", description="A small Hub that serves the datasets in a folder.")

    def add(flag: str, meaning: str, default: str | None = None) -> None:
        variable = "HUB_" + flag.strip("-").replace("-", "_").upper()
        parser.add_argument(
            flag, default=environment.get(variable) or default, help=f"{meaning} [{variable}; default {default}]"
        )

    add("--directory", "the folder to serve: DIRECTORY/<namespace>/<name>/")
    add("--host", "the address to listen on", "127.0.0.1")
    add("--port", "the port to listen on, 0 for a free one", "8001")
    parser.add_argument(
        "--webhook", action="append", metavar="URL", help="where to announce changes; repeatable [HUB_WEBHOOKS, commas]"
    )
    add("--webhook-secret", "sent as X-Webhook-Secret with every announcement")
    add("--worker-token", "a token that reads everything and writes nothing", "hf_worker")
    add("--state-directory", "where it is kept what was announced, DIRECTORY/.hub if not given")
    add("--faults", "trouble to inject, such as latency_ms=100,cut=0.02")
    found = parser.parse_args(arguments)

    if not found.directory:
        raise SettingsError("--directory or HUB_DIRECTORY must name the folder to serve")
    directory = Path(found.directory).absolute()
    if not directory.is_dir():
        raise SettingsError(f"the directory {directory} does not exist or is not a folder")
    listed = [url.strip() for url in environment.get("HUB_WEBHOOKS", "").split(",") if url.strip()]
    return Settings(
        directory=directory,
        host=found.host,
        port=_port(found.port),
        webhooks=tuple(_url(url) for url in dict.fromkeys(found.webhook or listed)),
        webhook_secret=_ascii("--webhook-secret", found.webhook_secret) if found.webhook_secret else None,
        worker_token=_worker_token(found.worker_token),
        state_directory=Path(found.state_directory).absolute() if found.state_directory else directory / WORK_FOLDER,
        faults=_faults(found.faults or ""),
    )


def _port(value: str) -> int:
    if not (value.isascii() and value.isdecimal() and len(value) <= 5 and int(value) < 65536):
        raise SettingsError(f"--port must be a number from 0 to 65535, not {value!r}")
    return int(value)


def _url(value: str) -> str:
    try:
        parts = urlsplit(value)
        valid = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        valid = False
    if not valid:
        raise SettingsError("--webhook must be an http or https URL with a host")
    return value


def _worker_token(value: str) -> str:
    if value in {"hf_me", "hf_stranger"}:
        raise SettingsError(f"--worker-token must not be the token of {ME.name} or {STRANGER.name}")
    return _ascii("--worker-token", value)


def _faults(value: str) -> Faults:
    try:
        return Faults.parse(value)
    except FaultsError as error:
        raise SettingsError(f"--faults: {error}") from None


def _ascii(flag: str, value: str) -> str:
    if not (value.isascii() and value.isprintable()) or value.strip() != value:
        raise SettingsError(f"{flag} must be printable ASCII without spaces around it")
    return value
