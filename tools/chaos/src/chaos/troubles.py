"""What happens to the processes: killed, stopped and continued, told to end, started again."""

import heapq
import itertools
import signal
import time
from collections.abc import Callable
from random import Random

from hub.faults import Faults
from stack.spawn import wait_until

from chaos.chance import Deck
from chaos.counts import Counts
from chaos.faults import KINDS, HubFaults
from chaos.processes import Handle, Program, families, is_stopped
from chaos.station import LEASE_SECONDS

_DECK = {
    "worker killed": 2,
    "worker stopped": 3,
    "worker ended": 1,
    "zygote killed": 1,
    "zygote stopped": 1,
    "child killed": 3,
    "child stopped": 2,
    "api killed": 1,
    "api stopped": 1,
    "api ended": 1,
    "hub killed": 1,
    "hub stopped": 1,
    "hub ended": 1,
    "mongo killed": 2,
    "mongo stopped": 1,
    "mongo ended": 1,
    **dict.fromkeys(KINDS, 1),
}
_PAUSE_SECONDS = (0.5, 1.5)
_TURN_SECONDS = 0.02
# What needs a victim in the middle of a job waits for one so long.
_PATIENCE_SECONDS = 2.0
_DOWN_SECONDS = (0.1, 1.0)
_STOPPED_SECONDS = (0.5, 2.0)
_PAST_LEASE_SECONDS = (LEASE_SECONDS + 1, LEASE_SECONDS + 2)
_FAULTY_SECONDS = (2.0, 4.0)
_END_SECONDS = 30.0
_CALM_SECONDS = 60.0
# Why a program may end by itself: it started while what it needs was gone, or lost it while it started.
_EXCUSES = ("the MongoDB server can't be used", "the process that reads data can't be started")


class Troubles:
    """Makes trouble for programs, and starts again what ended. All of it on the main thread."""

    def __init__(
        self, programs: list[Program], faults: HubFaults, random: Random, counts: Counts, broken: list[str]
    ) -> None:
        self._programs = programs
        self._faults = faults
        self._random = random
        self._counts = counts
        self._broken = broken
        self._deck = Deck(_DECK, random)
        self._later: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()
        self._ending: dict[str, float] = {}
        """Who was told to end, and until when."""

    def run(self, seconds: float) -> None:
        """Make trouble for so long."""
        end = time.monotonic() + seconds
        card, at = self._deck.draw(), time.monotonic()
        while (now := time.monotonic()) < end:
            self.tend()
            if now >= at:
                done = self._do(card)
                if done or now > at + _PATIENCE_SECONDS:
                    self._counts.add("troubles" if done else "troubles that found no victim", card)
                    card, at = self._deck.draw(), now + self._random.uniform(*_PAUSE_SECONDS)
            time.sleep(_TURN_SECONDS)

    def calm(self) -> None:
        """End all trouble, and wait until everything runs."""
        for _, _, action in sorted(self._later):
            action()
        self._later.clear()

        def is_calm() -> bool:
            self.tend()
            return not self._ending and self._faults.set(Faults()) and all(each.is_ready for each in self._programs)

        if not wait_until(is_calm, _CALM_SECONDS):
            self._broken += [
                f"{each.name} does not come back:\n{each.last_words}" for each in self._programs if not each.is_ready
            ]

    def tend(self) -> None:
        """Do what is due, and start again what ended."""
        while self._later and self._later[0][0] <= time.monotonic():
            heapq.heappop(self._later)[2]()
        for program in self._programs:
            if program.name in self._ending:
                self._see_to_the_end_of(program)
            elif not program.running:
                self._see_to_the_start_of(program)

    def _see_to_the_end_of(self, program: Program) -> None:
        if program.running:
            if time.monotonic() < self._ending[program.name]:
                return
            self._broken.append(f"{program.name} did not end within {_END_SECONDS:.0f} s of SIGTERM")
            program.kill()
        elif program.code != 0 and program.kind != "mongo":
            self._broken.append(f"{program.name}, told to end, ended with {program.code}:\n{program.last_words}")
        del self._ending[program.name]
        program.spared = False
        program.start_in(self._random.uniform(*_DOWN_SECONDS))

    def _see_to_the_start_of(self, program: Program) -> None:
        if program.due is None:
            self._counts.add("ended by themselves", program.kind)
            if not any(excuse in program.last_words for excuse in _EXCUSES):
                self._broken.append(f"{program.name} ended by itself with {program.code}:\n{program.last_words}")
            program.start_in(self._random.uniform(*_DOWN_SECONDS))
        elif time.monotonic() >= program.due:
            program.start()

    def _do(self, card: str) -> bool:
        """Make one trouble; False when nothing is there to have it."""
        if card in KINDS:
            return self._make_faulty(KINDS[card])
        who, what = card.split()
        if who in ("child", "zygote"):
            return self._do_below(who, what)
        candidates = [each for each in self._programs if each.kind == who and self._may_have_trouble(each)]
        if not candidates:
            return False
        self._do_to(self._random.choice(candidates), what)
        return True

    def _do_to(self, program: Program, what: str) -> None:
        if program.kind == "hub":
            self._faults.note()
        match what:
            case "killed":
                program.kill()
                program.start_in(self._random.uniform(*_DOWN_SECONDS))
            case "stopped":
                program.stop()
                times = _PAST_LEASE_SECONDS if program.kind == "worker" else _STOPPED_SECONDS
                self._do_later(self._random.uniform(*times), program.go_on)
            case "ended":
                program.end()
                program.spared = True
                self._ending[program.name] = time.monotonic() + _END_SECONDS

    def _do_below(self, who: str, what: str) -> bool:
        """To a worker's zygote, or to a child of it, which is there while a job runs."""
        family = families()
        found = []
        for worker in self._programs:
            if worker.kind == "worker" and self._may_have_trouble(worker):
                zygotes = family.get(worker.pid, [])
                children = [child for zygote in zygotes for child in family.get(zygote, [])]
                found += [(worker, pid) for pid in (zygotes if who == "zygote" else children)]
        if not found:
            return False
        worker, pid = self._random.choice(found)
        victim = Handle.of(pid)
        if victim is None:
            return False
        if what == "killed":
            victim.send(signal.SIGKILL)
            victim.close()
            return True
        worker.spared = True
        victim.send(signal.SIGSTOP)

        def go_on() -> None:
            worker.spared = False
            victim.send(signal.SIGCONT)
            victim.close()

        self._do_later(self._random.uniform(*_PAST_LEASE_SECONDS), go_on)
        return True

    def _may_have_trouble(self, program: Program) -> bool:
        return not program.spared and program.is_ready and not is_stopped(program.pid)

    def _make_faulty(self, faults: Faults) -> bool:
        if not self._faults.set(faults):
            return False
        self._do_later(self._random.uniform(*_FAULTY_SECONDS), self._make_faultless)
        return True

    def _make_faultless(self) -> None:
        self._faults.set(Faults())

    def _do_later(self, seconds: float, action: Callable[[], None]) -> None:
        heapq.heappush(self._later, (time.monotonic() + seconds, next(self._numbers), action))
