"""What the user may choose, read once from the environment and checked at the door."""

import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from stack.errors import StackError
from stack.mongo import SERVERS
from stack.reverse_proxy import find_nginx

MAX_WORKERS = 100


@dataclass(frozen=True)
class Settings:
    """One field for each variable; paths are absolute, and an empty variable counts as an absent one."""

    port: int
    hub_port: int
    admin_port: int | None
    """None: no admin service."""
    data_directory: Path
    datasets_directory: Path | None
    """The user's folder; None: the one in `data_directory`, filled from the samples."""
    mongo_url: str | None
    mongo_server: str
    mongo_port: int | None
    hub_endpoint: str | None
    """The user's Hub, without a trailing slash; None: a local one is started."""
    hub_token: str | None
    webhook_secret: str | None
    workers_datasets: int
    workers_splits: int
    nginx: Path | None
    """The program of the reverse proxy; None: there is none, and the api itself listens on `port`."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Settings":
        """Raises `StackError`, one line with the variable's name and what was expected."""
        port = _number(environment, "PORT", 8000, 1, 65535)
        hub_port = _number(environment, "HUB_PORT", 8001, 1, 65535)
        mongo_server = environment.get("MONGO_SERVER") or SERVERS[0]
        if mongo_server not in SERVERS:
            raise StackError(f"MONGO_SERVER is {mongo_server!r}; expected one of {', '.join(SERVERS)}")
        settings = cls(
            port=port,
            hub_port=hub_port,
            admin_port=_number(environment, "ADMIN_PORT", 8002, 0, 65535) or None,
            data_directory=Path(environment.get("DATA_DIRECTORY") or ".data").absolute(),
            datasets_directory=_existing_directory(environment, "DATASETS_DIRECTORY"),
            mongo_url=environment.get("MONGO_URL") or None,
            mongo_server=mongo_server,
            mongo_port=_number(environment, "MONGO_PORT", 0, 1, 65535) or None,
            hub_endpoint=_endpoint(environment),
            hub_token=environment.get("HF_TOKEN") or None,
            webhook_secret=environment.get("HF_WEBHOOK_SECRET") or None,
            workers_datasets=_number(environment, "WORKERS_DATASETS", 1, 0, MAX_WORKERS),
            workers_splits=_number(environment, "WORKERS_SPLITS", 2, 0, MAX_WORKERS),
            nginx=_nginx(environment),
        )
        ports = settings.ports()
        for name, number in ports.items():
            for other, same in ports.items():
                if name < other and number == same:
                    raise StackError(f"{name} and {other} are both {number}; expected two different ports")
            _check_free(name, number)
        return settings

    def ports(self) -> dict[str, int]:
        """The ports the stack will listen on, by the name of the variable that sets each."""
        ports = {"PORT": self.port}
        if self.hub_endpoint is None:
            ports["HUB_PORT"] = self.hub_port
        if self.admin_port is not None:
            ports["ADMIN_PORT"] = self.admin_port
        if self.mongo_url is None and self.mongo_port is not None:
            ports["MONGO_PORT"] = self.mongo_port
        return ports


def _number(environment: Mapping[str, str], name: str, default: int, lowest: int, highest: int) -> int:
    text = environment.get(name)
    if not text:
        return default
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1
    if not lowest <= number <= highest:
        raise StackError(f"{name} is {text!r}; expected a whole number from {lowest} to {highest}")
    return number


def _existing_directory(environment: Mapping[str, str], name: str) -> Path | None:
    text = environment.get(name)
    if not text:
        return None
    directory = Path(text).absolute()
    if not directory.is_dir():
        raise StackError(f"{name} is {text!r}, which is no folder; expected an existing one")
    return directory


def _endpoint(environment: Mapping[str, str]) -> str | None:
    text = environment.get("HF_ENDPOINT")
    if not text:
        return None
    address = urlsplit(text)
    if address.scheme not in ("http", "https") or not address.hostname:
        raise StackError("HF_ENDPOINT is no address of a Hub; expected http://HOST or https://HOST")
    return text.rstrip("/")


def _nginx(environment: Mapping[str, str]) -> Path | None:
    text = environment.get("REVERSE_PROXY")
    if not text:
        return None
    if text != "nginx":
        raise StackError(f"REVERSE_PROXY is {text!r}; expected nginx, or nothing")
    return find_nginx()


def _check_free(name: str, port: int) -> None:
    with socket.socket() as probe:
        # As servers do: a connection that just ended at this port doesn't count, a listener does.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except PermissionError:
            raise StackError(f"{name} is {port}, which this user may not listen on; expected one above 1023") from None
        except OSError:
            raise StackError(f"{name} is {port}, which is in use; stop what listens there or set {name}") from None
