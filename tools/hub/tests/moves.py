"""What the tests of moving datasets share."""

from typing import Any

import yaml
from hub.testing import RunningHub
from huggingface_hub import HfApi


def move(api: HfApi, old: str, new: str) -> None:
    api.move_repo(old, new, repo_type="dataset")


def rules(hub: RunningHub) -> dict[str, Any]:
    content = yaml.safe_load((hub.directory / "hub.yaml").read_text())
    assert isinstance(content, dict)
    return content
