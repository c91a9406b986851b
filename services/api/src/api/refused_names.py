"""A bound on names that the Hub refuses: each costs a call of it, and none may cost more.

A name counts while the Hub is asked about it, where nothing is known of it here, and from then on if it was refused:
once for each of the credentials that it was asked about with, since each is a call. What a caller may read is never
limited once it is known. The counts are those of this process.
"""

import time
from collections import Counter, OrderedDict

from api.errors import ApiError

WINDOW_SECONDS = 60
MAX_PER_CLIENT = 100
MAX_IN_ALL = 1_000


class RefusedNames:
    """What was refused in the last minute, or is being asked about."""

    def __init__(self) -> None:
        self._asked: OrderedDict[tuple[str, bytes], float] = OrderedDict()
        self._per_client: Counter[str] = Counter()

    def count(self, client: str, what: bytes) -> None:
        """Counts what a client is going to ask about; `forget` it if the Hub doesn't refuse it.

        Raises:
            ApiError: `TooManyRequests`.
        """
        now = time.monotonic()
        self._forget_before(now - WINDOW_SECONDS)
        if (client, what) in self._asked:
            return
        if self._per_client.get(client, 0) >= MAX_PER_CLIENT:
            oldest = next(at for (of, _), at in self._asked.items() if of == client)
            raise _too_many("client", MAX_PER_CLIENT, oldest + WINDOW_SECONDS - now)
        if len(self._asked) >= MAX_IN_ALL:
            raise _too_many("all", MAX_IN_ALL, next(iter(self._asked.values())) + WINDOW_SECONDS - now)
        self._asked[client, what] = now
        self._per_client[client] += 1

    def forget(self, client: str, what: bytes) -> None:
        """Takes it out of the counts."""
        if self._asked.pop((client, what), None) is not None:
            self._uncount(client)

    def _forget_before(self, time_: float) -> None:
        while self._asked and next(iter(self._asked.values())) < time_:
            (client, _), _ = self._asked.popitem(last=False)
            self._uncount(client)

    def _uncount(self, client: str) -> None:
        self._per_client[client] -= 1
        if not self._per_client[client]:
            del self._per_client[client]


def _too_many(policy: str, limit: int, seconds: float) -> ApiError:
    """The error, with headers of https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/ ."""
    wait = max(1, round(seconds + 0.5))
    return ApiError(
        "TooManyRequests",
        f"Too many datasets were asked for that the Hub doesn't know or show: check their names, and ask again in "
        f"{wait} s.",
        retry_after=wait,
        headers={
            "RateLimit-Policy": f'"{policy}";q={limit};w={WINDOW_SECONDS}',
            "RateLimit": f'"{policy}";r=0;t={wait}',
        },
    )
