"""The worst moments: a worker hangs in the middle of a job for longer than its lease, and then goes on.

With it hangs the child that reads, which then outlives the lease unless somebody ends it; or the result is there and
not stored, and is old when the worker goes on.
"""

import signal
from collections.abc import Callable
from random import Random

import httpx2
from stack.spawn import wait_until

from chaos.asking import ME, asker
from chaos.chance import Deck
from chaos.contents import Dataset
from chaos.counts import Counts
from chaos.freezing import Moment
from chaos.hub_side import HubSide
from chaos.meanwhile import Meanwhile
from chaos.processes import Handle, Program, families, is_stopped
from chaos.scene import Scene
from chaos.station import LEASE_SECONDS, Station

# The Hub notices, the worker reads; the lease runs out, another takes over. Trouble may make each longer.
_LIMIT_SECONDS = LEASE_SECONDS + 15
_PAUSE_SECONDS = (0.5, 3.0)


class WorstMoment:
    """Has workers hang over datasets that nobody else changes, each with one split."""

    def __init__(self, scene: Scene, station: Station, hub_side: HubSide, counts: Counts) -> None:
        self._freezing = scene.freezing
        self._station = station
        self._hub_side = hub_side
        self._counts = counts
        self._http = asker(station.url)

    def happen(self, moment: Moment, type_: str, given_up: Callable[[], bool] = lambda: False) -> None:
        """Have a worker of this type hang until another has stored what is newer."""
        outcome = self._happen(moment, type_, self._hub_side.worst[type_], given_up)
        self._counts.add(f"hung while {moment}", f"{type_}: {outcome}")

    def _happen(self, moment: Moment, type_: str, dataset: Dataset, given_up: Callable[[], bool]) -> str:
        request = (moment, type_, dataset.name)
        self._freezing.ask(*request)
        self._push(dataset)
        pid: int | None = None

        def reached() -> bool:
            nonlocal pid
            pid = pid or self._freezing.frozen(*request)
            return given_up() or (pid is not None and is_stopped(pid))

        wait_until(reached, _LIMIT_SECONDS)
        self._freezing.withdraw(*request)
        pid = pid or self._freezing.frozen(*request)
        process = Handle.of(pid) if pid else None
        worker = self._worker_of(pid) if pid else None
        if process is None or worker is None:
            return "not reached"
        worker.spared = True
        worker.stop()
        self._push(dataset)
        newer = wait_until(lambda: given_up() or self._shows(dataset), _LIMIT_SECONDS) and not given_up()
        process.send(signal.SIGCONT)
        process.close()
        worker.spared = False
        worker.go_on()
        return "another took over" if newer else "went on early"

    def _push(self, dataset: Dataset) -> None:
        dataset.splits["default", "train"] = self._hub_side.next_version()
        self._hub_side.write(dataset)

    def _shows(self, dataset: Dataset) -> bool:
        try:
            answer = self._http.get(
                "/first-rows", params={"dataset": dataset.name, "config": "default", "split": "train"}, headers=ME
            )
            return bool(answer.json()["rows"][0]["row"]["version"] == dataset.splits["default", "train"])
        except (httpx2.HTTPError, ValueError, KeyError):
            return False

    def _worker_of(self, pid: int) -> Program | None:
        """The worker whose process, or whose zygote's child, this is."""
        family = families()
        for worker in self._station.workers:
            children = [child for zygote in family.get(worker.pid, []) for child in family.get(zygote, [])]
            if worker.running and pid in (worker.pid, *children):
                return worker
        return None


class WorstMoments(Meanwhile):
    """One after the other."""

    def __init__(self, moment: WorstMoment, random: Random) -> None:
        super().__init__("worst moments", random, _PAUSE_SECONDS)
        self._moment = moment
        self._deck = Deck({f"{moment} {type_}": 1 for moment in Moment for type_ in ("datasets", "splits")}, random)

    def step(self) -> None:
        moment, type_ = self._deck.draw().split()
        self._moment.happen(Moment(moment), type_, self.ended.is_set)
