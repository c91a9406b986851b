"""The local Hub of a running stack: what it served, and how slow it is."""

import time
from dataclasses import dataclass

import httpx2

_AS_ME = {"Authorization": "Bearer hf_me"}
# What a process that has ended asked for is served or dropped by then.
_REST_SECONDS = 0.3


@dataclass(frozen=True, slots=True)
class Traffic:
    """Requests that came in, and bytes of bodies that were sent."""

    requests: int
    bytes: int

    def __sub__(self, before: "Traffic") -> "Traffic":
        return Traffic(self.requests - before.requests, self.bytes - before.bytes)


class LocalHub:
    """Looks at the Hub and sets its faults; neither counts in its traffic."""

    def __init__(self, endpoint: str) -> None:
        self._http = httpx2.Client(base_url=endpoint, headers=_AS_ME, trust_env=False)

    def traffic(self) -> Traffic:
        """What it served since it started."""
        return Traffic(**self._http.get("/traffic").raise_for_status().json())

    def traffic_at_rest(self) -> Traffic:
        """The same, once it serves nothing any more."""
        before = self.traffic()
        while True:
            time.sleep(_REST_SECONDS)
            now = self.traffic()
            if now == before:
                return now
            before = now

    def set_latency(self, milliseconds: int) -> None:
        """Lets each request wait so long from now on."""
        self._http.put("/faults", json={"latency_ms": milliseconds}).raise_for_status()
