import json
from collections.abc import Iterator
from typing import Any

import pytest

from e2e.stack_process import OwnStack


class ProxiedStack(OwnStack):
    """A running `make start` with nginx in front of its api."""

    @property
    def api_port(self) -> int:
        """Where the api itself listens."""
        return int(next(line["port"] for line in self.log("api") if line.get("action") == "listening"))

    def request_lines(self) -> list[dict[str, Any]]:
        """What nginx has logged of requests; each of its lines is JSON."""
        text = (self.directory / "logs" / "reverse-proxy.log").read_text("ascii")
        return [json.loads(line) for line in text.split("\n")[:-1]]


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProxiedStack]:
    """One running system behind nginx; its api remembers nothing, so that whatever is remembered is so by nginx."""
    stack = ProxiedStack(
        tmp_path_factory.mktemp("proxied") / "data",
        REVERSE_PROXY="nginx",
        LEASE_SECONDS="2",
        ANSWERS_MEMORY_SECONDS="0",
        AUTH_MEMORY_SECONDS="0",
    )
    try:
        stack.wait_until_ready()
        yield stack
    finally:
        left = stack.stop()
    assert left == []
