"""The memory of the api's processes, before and after many requests."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.api.exchange import Exchange
from bench.api.load import load_of
from bench.api.under_test import Api
from bench.queue.team import Team

# So many requests come before the first look, of those that come after it.
_WARM_UP = 0.1


@dataclass(frozen=True, slots=True)
class Residence:
    """Bytes that were resident after the warm-up, and after so many requests more."""

    requests: int
    before: int
    after: int

    @property
    def growth(self) -> float:
        """How much more it is, of what it was."""
        return self.after / self.before - 1


def residence(client: Team, api: Api, exchanges: Sequence[Exchange], connections: int, requests: int) -> Residence:
    """Asks for all of them in turns. Needs Linux.

    Raises:
        BenchError: an answer isn't what it must be.
    """
    load_of(client, api.port, exchanges, connections, round(requests * _WARM_UP))
    before = resident_bytes(api.pid)
    load_of(client, api.port, exchanges, connections, requests)
    return Residence(requests, before, resident_bytes(api.pid))


def resident_bytes(pid: int) -> int:
    """Of a process and all that come from it."""
    parents, resident = dict[int, int](), dict[int, int]()
    for file in Path("/proc").glob("[0-9]*/status"):
        try:
            status = dict(line.split(":", 1) for line in file.read_text().splitlines())
        except OSError:
            # It has ended meanwhile.
            continue
        number = int(file.parent.name)
        parents[number] = int(status["PPid"])
        resident[number] = int(status.get("VmRSS", "0 kB").split()[0]) * 1024
    family = {pid}
    while more := {child for child, parent in parents.items() if parent in family} - family:
        family |= more
    return sum(resident[member] for member in family)
