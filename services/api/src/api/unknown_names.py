"""A bound on made-up names: each costs a call of the Hub, and none may cost more.

A name counts when the Hub refuses it, once, and only names of which nothing is known here. The counts are those of
this process.
"""

import time
from collections import Counter, OrderedDict

from api.errors import ApiError

WINDOW_SECONDS = 60
MAX_PER_CLIENT = 100
MAX_IN_ALL = 1_000


class UnknownNames:
    """The names that were refused in the last minute."""

    def __init__(self) -> None:
        self._names: OrderedDict[tuple[str, str], float] = OrderedDict()
        self._per_client: Counter[str] = Counter()

    def check(self, client: str) -> None:
        """Whether another name may be asked about.

        Raises:
            ApiError: `TooManyRequests`.
        """
        now = time.monotonic()
        self._forget_before(now - WINDOW_SECONDS)
        if self._per_client.get(client, 0) >= MAX_PER_CLIENT:
            oldest = next(at for (of, _), at in self._names.items() if of == client)
            raise _too_many("client", MAX_PER_CLIENT, oldest + WINDOW_SECONDS - now)
        if len(self._names) >= MAX_IN_ALL:
            raise _too_many("all", MAX_IN_ALL, next(iter(self._names.values())) + WINDOW_SECONDS - now)

    def count(self, client: str, name: str) -> None:
        """Counts a name that the Hub refused."""
        if (client, name) not in self._names:
            self._names[client, name] = time.monotonic()
            self._per_client[client] += 1

    def _forget_before(self, time_: float) -> None:
        while self._names and next(iter(self._names.values())) < time_:
            (client, _), _ = self._names.popitem(last=False)
            self._per_client[client] -= 1
            if not self._per_client[client]:
                del self._per_client[client]


def _too_many(policy: str, limit: int, seconds: float) -> ApiError:
    """The error, with headers of https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/ ."""
    wait = max(1, round(seconds + 0.5))
    return ApiError(
        "TooManyRequests",
        f"Too many datasets were asked for that the Hub doesn't know or show: check their names, and ask again in "
        f"{wait} s. Known datasets can be asked for meanwhile.",
        retry_after=wait,
        headers={
            "RateLimit-Policy": f'"{policy}";q={limit};w={WINDOW_SECONDS}',
            "RateLimit": f'"{policy}";r=0;t={wait}',
        },
    )
