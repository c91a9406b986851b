"""The sizes that a dataset's card declares for a split: what an author wrote, so anything."""

from typing import Any

_MAX = 2**63 - 1


def declared_sizes(builder: Any, split: str) -> tuple[int | None, int | None]:
    """Bytes and rows of a split; None where they are not declared, or not numbers that they could be."""
    declared = (builder.info.splits or {}).get(split)
    return (_count(declared.num_bytes), _count(declared.num_examples)) if declared else (None, None)


def _count(value: Any) -> int | None:
    return value if type(value) is int and 0 <= value <= _MAX else None
