"""What queries for Prometheus name, found well enough for our own ones."""

import re
from dataclasses import dataclass

_KEYWORDS = frozenset(("and", "or", "unless", "bool", "offset"))
_GROUPING = re.compile(r"\b(?:by|without|on|ignoring)\s*\(([^)]*)\)")
_MATCHER = re.compile(r'(\w+)\s*(=~|=)\s*"([^"]*)"')
_SELECTOR = re.compile(r"\b([a-zA-Z_][\w:]*)(?!\w)(?!\s*\()(?:\{([^}]*)\})?")


@dataclass(frozen=True, slots=True)
class Selector:
    """A metric, and of its labels the values that are asked for."""

    name: str
    values: dict[str, list[str]]


def selectors(query: str) -> list[Selector]:
    """The metrics that a query reads."""
    plain = re.sub(r"\[[^\]]*\]", "", _GROUPING.sub(" ", query))
    return [
        Selector(name, {label: value.split("|") for label, _, value in _MATCHER.findall(matchers)})
        for name, matchers in _SELECTOR.findall(plain)
        if name not in _KEYWORDS
    ]


def groupings(query: str) -> set[str]:
    """The labels by which a query groups or compares."""
    return {label.strip() for group in _GROUPING.findall(query) for label in group.split(",")}
