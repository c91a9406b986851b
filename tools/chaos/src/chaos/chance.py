"""Chance: the same for the same seed."""

from collections.abc import Mapping
from random import Random


class Deck:
    """Cards in an order of chance: all are drawn before the first comes again, so a short run sees every kind."""

    def __init__(self, cards: Mapping[str, int], random: Random) -> None:
        self._cards = [name for name, number in cards.items() for _ in range(number)]
        # Its own: the order of the cards doesn't depend on what else is drawn between them.
        self._random = Random(random.random())
        self._left: list[str] = []

    def draw(self) -> str:
        """The next card."""
        if not self._left:
            self._left = self._random.sample(self._cards, len(self._cards))
        return self._left.pop()


def chance(seed: int, of: str) -> Random:
    """Chance of its own for each part of a run: one part's draws don't depend on how fast another is."""
    return Random(f"{seed} {of}")
