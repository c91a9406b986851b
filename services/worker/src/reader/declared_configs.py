"""The configs that README.md declares, and a README.md with one of them alone.

The library resolves all configs before it knows any, so that it fails at one for all of them.
"""

from typing import Any, NamedTuple, Self

import yaml
from huggingface_hub import DatasetCard

# All that the library looks at.
_KEYS = ("configs", "dataset_info")


class DeclaredConfigs(NamedTuple):
    """The YAML block of a README.md that declares several configs; `names` are in its order."""

    names: list[str]
    block: dict[str, Any]

    @classmethod
    def of(cls, readme: bytes | None) -> Self | None:
        """None where the block declares fewer than two configs, or has one whose name isn't text."""
        if readme is None:
            return None
        try:
            card = DatasetCard(readme.decode())
        except (ValueError, TypeError, RecursionError, yaml.YAMLError):
            return None
        configs = card.data.get("configs")
        if not isinstance(configs, list) or not all(
            isinstance(config, dict) and isinstance(config.get("config_name"), str) for config in configs
        ):
            return None
        names = list(dict.fromkeys(config["config_name"] for config in configs))
        return cls(names, {key: card.data.get(key) for key in _KEYS}) if len(names) > 1 else None

    def alone(self, name: str) -> bytes:
        """README.md as if it declared this config only, and types only for it."""
        block = {key: _of(name, value) for key, value in self.block.items() if value is not None}
        return f"---\n{yaml.safe_dump(block, allow_unicode=True)}---\n".encode()


def _of(name: str, declared: Any) -> Any:
    if not isinstance(declared, list):
        return declared
    return [one for one in declared if not isinstance(one, dict) or one.get("config_name", name) == name]
