"""Where a dataset's record stands on a ring of places, spread evenly whatever the names are.

So a stretch of the ring holds about as many records as its length says: a walk over all records takes them stretch by
stretch, each by one range of an index that matches no more than the stretch has.
"""

import hashlib

PLACES = 2**32


def place_of(dataset: str) -> int:
    """The place of a dataset, from 0 to `PLACES` - 1; always the same."""
    return int.from_bytes(hashlib.sha256(dataset.encode()).digest()[:4])


def stretch(records: int, wanted: int) -> int:
    """The length of a stretch that has about `wanted` of so many records."""
    return PLACES if records <= wanted else -(-PLACES * wanted // records)
