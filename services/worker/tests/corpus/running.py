"""How a case is run: by workers that go on to the next one, and what has to be as before when it is over."""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx2
from hub.faults import Faults
from hub.testing import eventually

from services.worker.tests.corpus.case import Case, Config, Failure
from services.worker.tests.corpus.checking import check_failure, check_page, sources_of
from services.worker.tests.station import Station, children_of

# What a worker or its zygote may keep of all cases together.
_MORE_MEMORY_BYTES = 60_000_000
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_SECONDS = 150
_BUG = re.compile(r'"a bug"|UnexpectedError|^Traceback', re.MULTILINE)


class Runner:
    """Runs cases, one after another, by the same two workers."""

    def __init__(self, station: Station) -> None:
        self._station = station
        self._workers = list(station.workers)
        self._urls = [station.url(worker) for worker in self._workers]
        self._zygotes = [_zygote_of(worker.pid) for worker in self._workers]
        self._memory: list[int] | None = None
        self._bugs = len(_BUG.findall(station.log))

    def put(self, case: Case) -> None:
        """Gives the dataset to the Hub."""
        case.put_into(self._station.hub.directory)

    def warm_up(self, case: Case) -> None:
        """Runs a case that was put, and takes the memory that the workers have then for what they may have."""
        self.run(case)
        self._memory = self._resident()

    def run(self, case: Case) -> None:
        """Runs a case that was put. Raises AssertionError when something else comes of it, or stays behind."""
        eventually(lambda: self._station.head(case.dataset), _SECONDS)
        self._station.hub.set_faults(case.faults)
        try:
            self._station.event(case.dataset)
            self._station.settle(_SECONDS)
        finally:
            self._station.hub.set_faults(Faults())
        self._check_workers()
        self._check_answers(case)

    def _check_answers(self, case: Case) -> None:
        listing = self._station.answer(dataset=case.dataset)
        assert listing is not None, "there is no answer"
        why = _why_nothing_is_listed(case.expected)
        if why is not None:
            check_failure(listing["code"], listing["json"], why)
            self._check_assets(case, set())
            return
        assert isinstance(case.expected, Mapping)
        assert listing["status"] == 200, listing["json"]
        _check_listing(listing, case.expected)
        sources = set[str]()
        for split in listing["json"]["splits"]:
            config = case.expected[split["config"]]
            assert isinstance(config, Mapping)
            expected = config[split["split"]]
            answer = self._station.answer(split["config"], split["split"], case.dataset)
            assert answer is not None, f"there is no answer for {split}"
            if isinstance(expected, Failure):
                check_failure(answer["code"], answer["json"], expected)
            else:
                assert answer["status"] == 200, answer["json"]
                check_page(answer["json"], expected, self._station.assets)
                sources |= set(sources_of(answer["json"]["rows"]))
        self._check_assets(case, sources)

    def _check_assets(self, case: Case, sources: set[str]) -> None:
        """What is on disk is what the answers name, no more and no less; what begins with a dot is the folder's own."""
        files = _files_in(self._station.assets / case.dataset)
        on_disk = {f"/assets/{file.relative_to(self._station.assets)}" for file in files}
        assert on_disk == sources

    def _check_workers(self) -> None:
        """They live, nothing of the job is left, and they keep no memory of it."""
        for worker, url, zygote in zip(self._workers, self._urls, self._zygotes, strict=True):
            assert worker.poll() is None, "a worker ended"
            assert children_of(worker.pid) == [zygote]
            assert children_of(zygote) == []
            health = httpx2.get(f"{url}/healthcheck", trust_env=False)
            assert (health.status_code, health.json()["status"]) == (200, "ok")
        for folder in (self._station.scratch, self._station.assets / ".staging"):
            assert list(folder.glob("*/files/*")) == []
        before, self._bugs = self._bugs, len(_BUG.findall(log := self._station.log))
        assert self._bugs == before, log[-3_000:]
        if self._memory is not None:
            more = [now - before for now, before in zip(self._resident(), self._memory, strict=True)]
            assert max(more) < _MORE_MEMORY_BYTES, f"bytes more than at first: {more}"

    def _resident(self) -> list[int]:
        pids = [*(worker.pid for worker in self._workers), *self._zygotes]
        return [int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE_BYTES for pid in pids]


def _zygote_of(worker: int) -> int:
    (zygote,) = eventually(lambda: children_of(worker), 60)
    return zygote


def _files_in(folder: Path) -> list[Path]:
    return [file for file in folder.rglob("[!.]*") if file.is_file()]


def _why_nothing_is_listed(expected: Mapping[str, Config] | Failure) -> Failure | None:
    """The error of the dataset; of one whose configs all failed it is the first one's."""
    if isinstance(expected, Failure):
        return expected
    failures = [config for config in expected.values() if isinstance(config, Failure)]
    return failures[0] if len(failures) == len(expected) else None


def _check_listing(answer: Any, expected: Mapping[str, Config]) -> None:
    listed = [(split["config"], split["split"]) for split in answer["json"]["splits"]]
    assert listed == [
        (name, split) for name, config in expected.items() if isinstance(config, Mapping) for split in config
    ]
    codes = {config: code for config, _, _, _, code in answer["configs"] if code}
    failures = {name: config for name, config in expected.items() if isinstance(config, Failure)}
    assert set(codes) == set(failures)
    for entry in answer["json"]["failed"]:
        check_failure(codes[entry["config"]], entry["error"], failures[entry["config"]])
