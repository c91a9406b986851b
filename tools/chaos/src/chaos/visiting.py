"""What comes to the api meanwhile: readers, and webhooks besides the Hub's own."""

import time
from random import Random
from typing import NamedTuple

import httpx2

from chaos.asking import ME, asker
from chaos.counts import Counts
from chaos.meanwhile import Meanwhile
from chaos.station import SECRET

_PAUSE_SECONDS = (0.05, 0.3)
_WEBHOOK_SHARE = 0.15
_PATHS = ("/splits", "/first-rows", "/rows", "/is-valid")


class Acknowledged(NamedTuple):
    """A webhook that the api took; `sent_at` is in nanoseconds of the monotonic clock."""

    dataset: str
    form: str
    sent_at: int


class Visiting(Meanwhile):
    """Asks and announces."""

    def __init__(self, url: str, names: list[str], random: Random, counts: Counts) -> None:
        super().__init__("visiting", random, _PAUSE_SECONDS)
        self.acknowledged: list[Acknowledged] = []
        self._names = names
        self._counts = counts
        self._http = asker(url)

    def step(self) -> None:
        dataset = self.random.choice(self._names)
        if self.random.random() < _WEBHOOK_SHARE:
            self._announce(dataset)
        else:
            self._ask(dataset)

    def _ask(self, dataset: str) -> None:
        path = self.random.choice(_PATHS)
        parameters = {"dataset": dataset}
        if path in ("/first-rows", "/rows"):
            parameters |= {"config": self.random.choice(["default", "first"]), "split": "train"}
        headers = ME if self.random.random() < 0.5 else {}
        try:
            status = str(self._http.get(path, params=parameters, headers=headers).status_code)
        except httpx2.HTTPError:
            status = "no answer"
        self._counts.add("requests", status)

    def _announce(self, dataset: str) -> None:
        form, payload = self.random.choice(list(_payloads(dataset).items()))
        sent_at = time.monotonic_ns()
        try:
            answer = self._http.post("/webhook", json=payload, headers={"X-Webhook-Secret": SECRET})
        except httpx2.HTTPError:
            self._counts.add("webhooks besides the Hub's", "no answer")
            return
        self._counts.add("webhooks besides the Hub's", str(answer.status_code))
        if answer.is_success:
            self.acknowledged.append(Acknowledged(dataset, form, sent_at))


def _payloads(dataset: str) -> dict[str, dict[str, object]]:
    """Events in each form; what they say need not be so, since the Hub is asked."""
    repo = {"type": "dataset", "name": dataset}
    return {
        "update": {"event": {"action": "update", "scope": "repo.content"}, "repo": repo},
        "deleted": {"event": {"action": "delete", "scope": "repo"}, "repo": repo},
        "private": {"event": {"action": "update", "scope": "repo.config"}, "repo": {**repo, "private": True}},
        "version 2": {"event": "update", "scope": "repo", "repo": repo},
        "of 2022": {"update": f"datasets/{dataset}"},
    }
