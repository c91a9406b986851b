import os
from collections.abc import Iterator

import pytest

from e2e.stack_process import Stack, own_stack

URL = os.environ.get("E2E_URL")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Of a system that runs elsewhere, nobody here can halt the processes or see the files."""
    if URL is not None:
        inside = [item for item in items if item.get_closest_marker("own_stack")]
        config.hook.pytest_deselected(items=inside)
        items[:] = [item for item in items if item not in inside]


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """One running system for all tests that leave it as they found it: our own, or the one at `E2E_URL`."""
    if URL is not None:
        yield from _elsewhere(URL, os.environ["E2E_HUB_URL"])
    else:
        with own_stack(tmp_path_factory.mktemp("stack") / "data") as own:
            yield own


def _elsewhere(url: str, hub_url: str) -> Iterator[Stack]:
    stack = Stack(url, hub_url)
    stack.wait_until_ready()
    yield stack
    stack.close()
