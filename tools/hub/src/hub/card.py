"""The YAML block at the top of a dataset's README.md, its "card"."""

import datetime
import math
from pathlib import Path

import yaml

from hub.files import open_regular

_MAX_CARD_BYTES = 1_000_000
_MAX_CARD_NODES = 100_000


class CardError(ValueError):
    """The card isn't what the Hub accepts; the message says why."""


def parse_card(content: str) -> dict[str, object]:
    """Read the YAML block of a README's `content` as JSON values; empty when there is none.

    Raises `CardError` when it isn't valid YAML, isn't a mapping, or is too big.
    """
    lines = content.removeprefix("\ufeff").splitlines()
    if not lines or lines[0].rstrip() != "---":
        return {}
    end = next((number for number, line in enumerate(lines[1:], 1) if line.rstrip() == "---"), None)
    if end is None:
        return {}
    try:
        card = yaml.safe_load("\n".join(lines[1:end]))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise CardError(f"The YAML at the top of README.md can't be read: {error}") from error
    if card is None:
        return {}
    if not isinstance(card, dict):
        raise CardError("The YAML at the top of README.md must be a mapping of keys to values.")
    converted = _Converter().convert(card)
    assert isinstance(converted, dict)
    return converted


def read_card(path: Path) -> dict[str, object]:
    """The card in the file at `path`; empty when it can't be read."""
    try:
        with open_regular(path) as file:
            return parse_card(file.read(_MAX_CARD_BYTES).decode(errors="replace"))
    except (CardError, OSError):
        return {}


class _Converter:
    """YAML values as JSON ones, counted: a few lines with aliases can stand for billions of values."""

    def __init__(self) -> None:
        self._nodes = 0

    def convert(self, value: object, depth: int = 0) -> object:
        self._nodes += 1
        if self._nodes > _MAX_CARD_NODES or depth > 100:
            raise CardError("The YAML at the top of README.md is too big.")
        if isinstance(value, dict):
            return {str(key): self.convert(item, depth + 1) for key, item in value.items()}
        if isinstance(value, (list, tuple, set)):
            return [self.convert(item, depth + 1) for item in value]
        if isinstance(value, float):
            return value if math.isfinite(value) else None
        if value is None or isinstance(value, (str, int)):
            return value
        return value.isoformat() if isinstance(value, (datetime.date, datetime.datetime)) else str(value)
