"""An nginx with the template, in front of an api that runs already; and requests as no library would send them."""

import http.client
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stack import reverse_proxy

from e2e.stack_process import eventually, free_port

_STOP_SECONDS = 20


@contextmanager
def running_proxy(directory: Path, **settings: str) -> Iterator[int]:
    """Runs nginx with these settings of `defaults.env`, for the time of a `with` block; its port."""
    port = free_port()
    settings = {**reverse_proxy.defaults(), "PROXY_LISTEN": f"127.0.0.1:{port}", "PROXY_PROCESSES": "1", **settings}
    command = reverse_proxy.command(reverse_proxy.find_nginx(), directory, settings)
    with (directory / "output").open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output)
    try:
        eventually(lambda: process.poll() is not None or _listens(port))
        assert process.poll() is None, (directory / "output").read_text()
        yield port
    finally:
        process.send_signal(signal.SIGQUIT)
        process.wait(_STOP_SECONDS)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def raw_answer(port: int, request: bytes) -> tuple[int, http.client.HTTPMessage, bytes]:
    """Status, headers and body of the answer to these bytes."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(request)
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        return answer.status, answer.headers, answer.read()
