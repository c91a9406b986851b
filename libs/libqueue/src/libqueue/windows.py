"""Finding the few lowest of many documents, on any server.

`find(…).sort(field).limit(n)` over an index costs n on MongoDB, but as much as there are matches on the small
servers that laptops and tests run on. So the search is given an upper bound that leaves few matches: one that is
remembered from the search before. Without a lower bound, nothing that came in below it can be missed.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self

from pymongo.collection import Collection

# Where documents are as dense as before the first gives as many again; the others are for gaps.
_FACTORS = (1, 16, 256, 4096)


@dataclass(frozen=True, slots=True)
class Window:
    """Looks below `end`; where too little is there, `span` beyond it, then further and further."""

    end: int
    span: int

    @classmethod
    def up_to(cls, documents: list[dict[str, Any]], field: str) -> Self:
        """The window that ends at the last of these, as wide as they are apart."""
        first, last = documents[0][field], documents[-1][field]
        return cls(last, max(last - first, len(documents)))

    def ends(self) -> Iterator[int | None]:
        """The bounds to try one after the other; None is no bound."""
        yield self.end
        for factor in _FACTORS:
            yield self.end + factor * self.span
        yield None


def lowest(
    collection: Collection[dict[str, Any]],
    where: Mapping[str, Any],
    field: str,
    limit: int,
    window: Window | None,
    *,
    enough: int = 1,
    projection: Mapping[str, Any] | None = None,
) -> tuple[list[dict[str, Any]], Window | None]:
    """The documents of the lowest `field`, in its order: at least `enough` if there are, at most `limit`.

    Also the window for the next search; no window looks at all there are.
    """
    found: list[dict[str, Any]] = []
    end = None
    for end in window.ends() if window else [None]:
        bounded = where if end is None else {**where, field: {"$lt": end}}
        found = list(collection.find(bounded, projection).sort(field).limit(limit))
        if len(found) >= enough:
            break
    if len(found) == limit:
        return found, Window.up_to(found, field)
    if end is None or window is None:
        return found, None
    return found, window if end == window.end else Window(end, max(end - window.end, 1))
