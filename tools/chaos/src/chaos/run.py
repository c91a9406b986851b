"""One run: everything up, the trouble, the dust, the checks."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from libcache.records import Records
from pymongo import MongoClient
from stack.mongo import free_port
from stack.spawn import wait_until

from chaos import checks
from chaos.chance import chance
from chaos.comparison import Comparison
from chaos.counts import Counts
from chaos.faults import HubFaults
from chaos.freezing import Moment
from chaos.hub_side import HubSide
from chaos.logs import count_outcomes
from chaos.meanwhile import Meanwhile
from chaos.processes import Program
from chaos.pushing import Pushing
from chaos.scene import Scene
from chaos.settling import FirstRequests, HubReports, hurry, settle
from chaos.station import Ground, station
from chaos.troubles import Troubles
from chaos.visiting import Acknowledged, Visiting
from chaos.worst_moment import WorstMoment, WorstMoments

_WORKERS = ["datasets", "datasets", "splits", "splits"]
_CLEAN_WORKERS = ["datasets", "splits", "splits"]
_START_SECONDS = 120.0
_SETTLE_SECONDS = 90.0
_END_SECONDS = 30.0


class StartError(Exception):
    """Something can't be started; the message says what."""


@dataclass
class Run:
    """A run in `scene`, whose folder is empty."""

    scene: Scene
    datasets: int
    seconds: float
    seed: int
    unfenced: bool
    counts: Counts = field(default_factory=Counts)
    broken: list[str] = field(default_factory=list)
    """What did not hold, in words with evidence."""

    def __post_init__(self) -> None:
        self.scene.prepare()
        self._hub_side = HubSide(self.scene.datasets, self.datasets, chance(self.seed, "datasets"))
        self._ground = Ground(self.scene)
        witnesses = {"CHAOS_DIRECTORY": str(self.scene.directory)} | ({"CHAOS_UNFENCED": "1"} if self.unfenced else {})
        self._troubled = station(self._ground, "troubled", self._ground.webhook_port, _WORKERS, witnesses)
        self._clean = station(self._ground, "clean", free_port(), _CLEAN_WORKERS, None)
        self._programs = [self._ground.mongo, self._ground.hub, *self._troubled.programs]
        faults = HubFaults(self._ground.hub, self._ground.hub_url, self.counts)
        self._troubles = Troubles(self._programs, faults, chance(self.seed, "troubles"), self.counts, self.broken)
        self._requests = FirstRequests(self._clean.url)
        self._moment = WorstMoment(self.scene, self._troubled, self._hub_side, self.counts)

    def go(self) -> None:
        """Do it all. Raises `StartError`."""
        with self._running():
            acknowledged = self._trouble()
            for program in self._clean.programs:
                program.start()
            self._troubles.calm()
            with self._ground.client() as mongo:
                self._settle(mongo)
                wait_until_ready(self._clean.programs)
                self._requests.ask(dataset.name for dataset in self._hub_side.common)
                # Once more where nothing else mends or spoils what comes of it.
                for moment in Moment:
                    self._moment.happen(moment, "splits")
                self._settle(mongo)
                self._requests.ask(dataset.name for dataset in self._hub_side.worst.values())
                self._settle_cleanly(mongo)
                self._check(mongo, acknowledged)
            self._end()

    @contextmanager
    def _running(self) -> Iterator[None]:
        self._hub_side.write_all()
        try:
            for stage in ([self._ground.mongo], [self._ground.hub], self._troubled.programs):
                for program in stage:
                    program.start()
                wait_until_ready(stage)
            yield
        finally:
            for program in reversed([*self._programs, *self._clean.programs]):
                program.kill()

    def _trouble(self) -> list[Acknowledged]:
        """The trouble; returns the webhooks that the api acknowledged meanwhile."""
        names = [dataset.name for dataset in self._hub_side.datasets]
        visiting = Visiting(self._troubled.url, names, chance(self.seed, "visiting"), self.counts)
        others: list[Meanwhile] = [
            visiting,
            Pushing(self._hub_side, chance(self.seed, "pushing"), self.counts),
            WorstMoments(self._moment, chance(self.seed, "worst moments")),
        ]
        for each in others:
            each.start()
        try:
            self._troubles.run(self.seconds)
        finally:
            for each in others:
                each.finish()
        return visiting.acknowledged

    def _settle(self, mongo: MongoClient[dict[str, Any]]) -> None:
        hub = HubReports(self._ground.hub_url, self._ground.hub_state)
        states = list(self._hub_side.states())
        queue = mongo[self._troubled.queue_database]

        def unsettled() -> list[str]:
            hurry(queue)
            # The queue again after the Hub, whose last webhook may have come in between.
            return checks.no_jobs(queue) or hub.missing(states) or checks.no_jobs(queue)

        self.broken += settle(unsettled, self._troubles.tend, _SETTLE_SECONDS)

    def _settle_cleanly(self, mongo: MongoClient[dict[str, Any]]) -> None:
        """Wait until the station that has seen no trouble has computed all."""
        queue = mongo[self._clean.queue_database]
        remaining = settle(
            lambda: checks.no_jobs(queue) or self._requests.unanswered(), self._troubles.tend, _SETTLE_SECONDS
        )
        if remaining:
            raise StartError(f"the station without trouble does not come to an end: {remaining}")

    def _check(self, mongo: MongoClient[dict[str, Any]], acknowledged: list[Acknowledged]) -> None:
        comparison = Comparison(self._troubled.url, self._clean.url)
        databases = [mongo[each.cache_database] for each in (self._troubled, self._clean)]
        stored = [
            (page["dataset"], page["config"], page["split"])
            for database in databases
            for page in database["answers"].find({"kind": "first-rows"}, {"dataset": 1, "config": 1, "split": 1})
        ]
        entries = self.scene.journal.entries()
        # First: who asks for an answer that isn't there has it computed.
        self.broken += checks.right_records(Records(databases[0]), self._hub_side.states())
        self.broken += checks.right_answers(comparison, self._hub_side.datasets, stored)
        self.broken += checks.alone(entries)
        self.broken += checks.effects(entries, acknowledged)
        self.broken += count_outcomes(self.scene.logs, self._troubled.name, self.counts)
        checks.count_runs(entries, self.counts)
        self.counts.add("compared", "answers and assets", comparison.compared)

    def _end(self) -> None:
        """The workers' end, which leaves nothing behind."""
        workers = self._troubled.workers
        for worker in workers:
            worker.end()
        wait_until(lambda: not any(worker.running for worker in workers), _END_SECONDS)
        self.broken += [
            f"{worker.name}, told to end after all, ended with {worker.code}:\n{worker.last_words}"
            for worker in workers
            if worker.code != 0
        ]
        folder = self.scene.directory / self._troubled.name
        self.broken += checks.no_files([folder / "assets" / ".staging", folder / "scratch"])


def wait_until_ready(programs: Sequence[Program]) -> None:
    """Wait until all of them do their work. Raises `StartError`."""
    wait_until(lambda: all(program.is_ready for program in programs), _START_SECONDS)
    for program in programs:
        if not program.is_ready:
            raise StartError(f"{program.name} is not ready after {_START_SECONDS:.0f} s:\n{program.last_words}")
