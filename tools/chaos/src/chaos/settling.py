"""After the dust: until the Hub has told all and no job is left."""

import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
from hub import state
from pymongo.database import Database

from chaos.asking import ME, asker
from chaos.hub_side import State

_TURN_SECONDS = 0.1
_COME_AGAIN = (500, 502, 503)


class HubReports:
    """What the Hub says of its datasets, and what it told its webhook."""

    def __init__(self, url: str, state_directory: Path) -> None:
        self._http = asker(url)
        self._told = state_directory / "webhooks"

    def missing(self, states: Iterable[tuple[str, State | None]]) -> list[str]:
        """What of these states the Hub does not show yet, or did not tell."""
        told = self._all_told()
        return [
            f"{name}: expected {wanted}, the Hub shows {shown}, told {told.get(name)}"
            for name, wanted in states
            if not (wanted == (shown := self._shown(name)) == told.get(name))
        ]

    def _shown(self, name: str) -> State | None:
        answer = self._http.get(f"/api/datasets/{name}", headers=ME)
        if answer.status_code == 404:
            return None
        info = answer.raise_for_status().json()
        return State(info["sha"], _visibility(info["private"], info["gated"]))

    def _all_told(self) -> dict[str, State]:
        (path,) = self._told.glob("*.json")
        return {name: State(it.sha, _visibility(it.private, it.gated)) for name, it in state.load_states(path).items()}


def _visibility(private: bool, gated: object) -> str:
    return "private" if private else "gated" if gated else "public"


def hurry(queue: Database[dict[str, Any]]) -> None:
    """Make retries due that wait for their time: that shortens a wait, and changes nothing else."""
    now = datetime.now(UTC)
    queue["jobs"].update_many({"status": {"$ne": "running"}, "due_at": {"$gt": now}}, {"$set": {"due_at": now}})


class FirstRequests:
    """Has an api whose station nobody told anything compute datasets: by asking for them."""

    def __init__(self, url: str) -> None:
        self._http = asker(url)
        self._unanswered: set[str] = set()

    def ask(self, names: Iterable[str]) -> None:
        """Ask for these."""
        self._unanswered |= set(names)
        self.unanswered()

    def unanswered(self) -> list[str]:
        """Which are not computed yet."""
        self._unanswered = {name for name in self._unanswered if self._status(name) in _COME_AGAIN}
        return [f"{name} is not computed" for name in sorted(self._unanswered)]

    def _status(self, name: str) -> int:
        return self._http.get("/splits", params={"dataset": name}, headers=ME).status_code


def settle(unsettled: Callable[[], list[str]], tend: Callable[[], None], seconds: float) -> list[str]:
    """Wait until nothing is unsettled; what still is after the time is over."""
    limit = time.monotonic() + seconds
    while True:
        tend()
        try:
            remaining = unsettled()
        except httpx2.HTTPError as error:
            remaining = [f"{type(error).__name__}: {error}"]
        if not remaining or time.monotonic() > limit:
            return remaining
        time.sleep(_TURN_SECONDS)
