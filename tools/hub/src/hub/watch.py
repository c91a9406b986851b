"""Noticing what changes on disk, by looking again and again."""

import asyncio
import logging
import time
from typing import NamedTuple

from hub.access import Access
from hub.files import StoppingError
from hub.rules import AccessError
from hub.snapshot import Survey
from hub.store import Store

logger = logging.getLogger("hub.watch")

_INTERVAL_SECONDS = 0.3
_MAX_UNSTEADY_SECONDS = 30.0


class _Change(NamedTuple):
    since: float
    survey: Survey | None


class Watcher:
    """Looks at the folder three times a second. A dataset that changed is taken in once it looks the same two times.

    So a file that is being copied in is not read before it is whole, nor again and again. One that never rests is taken
    in every 30 seconds.
    """

    def __init__(self, store: Store, access: Access) -> None:
        self._store = store
        self._access = access
        self._changes: dict[str, _Change] = {}
        self._refreshing: dict[str, asyncio.Task[object]] = {}
        self._trouble = ""

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            started = time.monotonic()
            await self.look()
            await asyncio.sleep(max(_INTERVAL_SECONDS, 3 * (time.monotonic() - started)))

    async def look(self) -> None:
        """Look once, and begin to take in what has come to rest."""
        await self._reload_access()
        try:
            surveys = await asyncio.to_thread(self._store.survey_all)
        except OSError as error:
            self._say(f"the directory can't be read: {error.strerror}")
        else:
            self._say("")
            self._compare(surveys)

    def _compare(self, surveys: dict[str, Survey]) -> None:
        now = time.monotonic()
        for repo in surveys.keys() | set(self._store.names()):
            seen = surveys.get(repo)
            known = self._store.get(repo)
            if seen == (known.survey if known else None):
                self._changes.pop(repo, None)
                continue
            change = self._changes.pop(repo, None)
            if change is None or (change.survey != seen and now - change.since < _MAX_UNSTEADY_SECONDS):
                self._changes[repo] = _Change(change.since if change else now, seen)
            elif repo not in self._refreshing:
                self._refreshing[repo] = asyncio.create_task(self._refresh(repo))

    async def _refresh(self, repo: str) -> None:
        try:
            await self._store.refresh(repo)
        except StoppingError:
            pass
        except OSError as error:
            logger.warning("%s can't be read: %s", repo, error.strerror)
        finally:
            self._refreshing.pop(repo, None)

    async def _reload_access(self) -> None:
        try:
            if await asyncio.to_thread(self._access.reload):
                self._store.notify()
        except AccessError as error:
            logger.error("%s: %s; what it said before still holds", self._access.path.name, error)

    def _say(self, trouble: str) -> None:
        if trouble != self._trouble:
            self._trouble = trouble
            logger.warning("%s", trouble or "the directory can be read again")
