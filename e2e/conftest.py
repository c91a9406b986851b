import signal
from collections.abc import Iterator

import pytest

from e2e.stack_process import Stack


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """One running system for all tests that leave it as they found it."""
    stack = Stack(tmp_path_factory.mktemp("stack") / "data", LEASE_SECONDS="2")
    try:
        stack.wait_until_ready()
        yield stack
    finally:
        left = stack.stop(signal.SIGTERM)
    assert left == []
