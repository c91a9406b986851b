"""A request as it is sent, what came back once, and what has to come back each time."""

import socket
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPResponse

_LIMIT_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Answer:
    """A response; the body is as it was sent, compressed if it was."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        """The value of the header of this name, in small letters."""
        return next((value for key, value in self.headers if key.lower() == name), None)


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request, and what each answer must have: the status, and `size` bytes of body, give or take `slack`."""

    name: str
    request: bytes
    status: int
    size: int
    slack: int = 0


def request(name: str, target: str, headers: Mapping[str, str]) -> bytes:
    """The bytes of a GET request. Its user agent is the name, by which `bench.api.from_memory` knows it."""
    lines = [f"GET {target} HTTP/1.1", "Host: 127.0.0.1", f"User-Agent: {name}"]
    lines += [f"{key}: {value}" for key, value in headers.items()]
    return "\r\n".join((*lines, "", "")).encode()


def ask(port: int, sent: bytes) -> Answer:
    """Sends a request to that port of this machine, on a connection of its own.

    Raises:
        OSError: nobody answers.
        http.client.HTTPException: what comes is no response.
    """
    with socket.create_connection(("127.0.0.1", port), _LIMIT_SECONDS) as connection:
        connection.sendall(sent)
        with HTTPResponse(connection) as response:
            response.begin()
            return Answer(response.status, response.getheaders(), response.read())
