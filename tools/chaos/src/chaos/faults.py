"""Faults that the Hub injects, and how many it did over all its lives."""

from dataclasses import asdict

import httpx2
from hub.faults import Faults

from chaos.asking import ME, asker
from chaos.counts import Counts
from chaos.processes import Program

KINDS = {
    "hub slow": Faults(latency_ms=100, jitter_ms=900),
    "hub refuses": Faults(too_many=0.3, retry_after=1),
    "hub fails": Faults(server_error=0.3),
    "hub cuts": Faults(cut=0.3),
}


class HubFaults:
    """The faults of a Hub that may die at any time and then has none."""

    def __init__(self, hub: Program, url: str, counts: Counts) -> None:
        self._hub = hub
        self._http = asker(url)
        self._counts = counts
        self._life = 0
        self._noted: dict[str, int] = {}

    def set(self, faults: Faults) -> bool:
        """Have them from now on; False when the Hub can't be told."""
        return self._ask("PUT", asdict(faults))

    def note(self) -> None:
        """Count what it injected since the last time: call it before its end."""
        self._ask("GET", None)

    def _ask(self, method: str, faults: dict[str, object] | None) -> bool:
        if not self._hub.is_ready:
            return False
        try:
            answer = self._http.request(method, "/faults", headers=ME, json=faults).raise_for_status().json()
        except httpx2.HTTPError:
            return False
        if self._hub.lives != self._life:
            self._life, self._noted = self._hub.lives, {}
        for name, number in answer["injected"].items():
            if new := number - self._noted.get(name, 0):
                self._counts.add("faults of the Hub", name, new)
        self._noted = answer["injected"]
        return True
