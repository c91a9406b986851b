"""What is counted during a run, by any thread, and shown at its end."""

import threading
from collections import Counter


class Counts:
    """Numbers in groups."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._groups: dict[str, Counter[str]] = {}

    def add(self, group: str, name: str, number: int = 1) -> None:
        """Count something."""
        with self._lock:
            self._groups.setdefault(group, Counter())[name] += number

    def __str__(self) -> str:
        """A line for each group."""
        with self._lock:
            width = max((len(group) for group in self._groups), default=0)
            return "\n".join(
                f"{group:{width}}  {', '.join(f'{name} {number}' for name, number in sorted(counter.items()))}"
                for group, counter in self._groups.items()
            )
