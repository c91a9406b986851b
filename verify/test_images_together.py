"""The images together are the system: what the end-to-end tests ask of it holds for them."""

import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from stack.mongo import free_port

from verify.containers import running
from verify.images import ROOT, build

# The first of them builds.
pytestmark = pytest.mark.timeout(1800)

USER = 10001


@pytest.fixture
def system(mongo_url: str, database_name: str, tmp_path: Path) -> Iterator[dict[str, str]]:
    """Containers of all images; yields what the end-to-end tests have to know of them."""
    port, hub_port, token, secret = free_port(), free_port(), secrets.token_hex(), secrets.token_hex()
    url, hub_url = f"http://127.0.0.1:{port}", f"http://localhost:{hub_port}"
    assets = tmp_path / "assets"
    assets.mkdir()
    os.chown(assets, USER, USER)
    common = {
        "MONGO_URL": mongo_url,
        "MONGO_QUEUE_DATABASE": f"{database_name}_queue",
        "MONGO_CACHE_DATABASE": f"{database_name}_cache",
        "HF_ENDPOINT": hub_url,
    }
    hub = {
        "HUB_HOST": "127.0.0.1",
        "HUB_PORT": str(hub_port),
        "HUB_WEBHOOKS": f"{url}/webhook",
        "HUB_WEBHOOK_SECRET": secret,
        "HUB_WORKER_TOKEN": token,
    }
    worker = {**common, "WORKER_HOST": "127.0.0.1", "WORKER_PORT": "0", "HF_TOKEN": token, "RECONCILE_SCOPE": "hub"}
    api = {**common, "API_HOST": "127.0.0.1", "API_PORT": str(port), "HF_WEBHOOK_SECRET": secret}
    volume = f"--volume={assets}:/assets"
    with ExitStack() as containers:
        started = [
            running(build("hub"), [], hub, tmp_path, "--mount=type=volume,destination=/datasets"),
            running(build("worker"), ["datasets"], worker, tmp_path, volume),
            running(build("worker"), ["splits"], worker, tmp_path, volume),
            running(build("api"), [], api, tmp_path, f"{volume}:ro"),
        ]
        for container in started:
            containers.enter_context(container)
        yield {"E2E_URL": url, "E2E_HUB_URL": hub_url, "HF_WEBHOOK_SECRET": secret}


def test_the_images_together_pass_the_end_to_end_tests(system: dict[str, str]) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "e2e"]
    tested = subprocess.run(command, cwd=ROOT, env={**os.environ, **system}, capture_output=True, text=True)
    assert tested.returncode == 0, tested.stdout[-4000:]
