"""Announcing changes to webhooks: what a receiver was told is compared with what is, until they are the same.

There is no queue: what waits is never more than one difference a dataset, and only the newest state is sent.
"""

import asyncio
import contextlib
import hashlib
import logging
import time
from urllib.parse import urlsplit

import httpx2

from hub.access import Access
from hub.events import Event, next_event
from hub.moves import led_to
from hub.settings import Settings
from hub.state import State, load_states, store_states
from hub.store import Store

logger = logging.getLogger("hub.webhooks")

_TIMEOUT_SECONDS = 10.0
_FIRST_RETRY_SECONDS = 0.1
_LAST_RETRY_SECONDS = 5.0
_SAVE_SECONDS = 1.0


class _Retry:
    """When to try again: soon at first, then every 5 s."""

    def __init__(self) -> None:
        self._seconds = _FIRST_RETRY_SECONDS
        self.at = 0.0

    def failed(self) -> None:
        self.at = time.monotonic() + self._seconds
        self._seconds = min(2 * self._seconds, _LAST_RETRY_SECONDS)


class Receiver:
    """One webhook. Raises `StateError` when there is no place to note what it was told."""

    def __init__(self, url: str, settings: Settings, base_url: str, store: Store, access: Access) -> None:
        self._url = url
        self._host = urlsplit(url).hostname
        self._id = hashlib.sha256(url.encode()).hexdigest()[:24]
        self._headers = {"X-Webhook-Secret": settings.webhook_secret} if settings.webhook_secret else {}
        self._base_url = base_url
        self._store = store
        self._access = access
        self._changed = store.subscribe()
        self._path = settings.state_directory / "webhooks" / f"{self._id}.json"
        self._told = load_states(self._path)
        self._saved_at = time.monotonic()
        self._unreachable: _Retry | None = None
        self._refused: dict[str, _Retry] = {}

    async def run(self) -> None:
        """Announce until cancelled."""
        try:
            async with httpx2.AsyncClient(timeout=_TIMEOUT_SECONDS, trust_env=False) as client:
                while True:
                    self._changed.clear()
                    seconds = await self._tell_all(client)
                    self._save()
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(self._changed.wait(), seconds)
        finally:
            self._save()

    async def _tell_all(self, client: httpx2.AsyncClient) -> float | None:
        """Tell what can be told now, and give the seconds until the rest is to be tried; None when there is no rest."""
        repos = self._told.keys() | set(self._store.names())
        self._refused = {repo: retry for repo, retry in self._refused.items() if repo in repos}
        waits = []
        held: set[str | None] = set()
        # First what is gone: a dataset that was moved must have left its old name before it is told of by its new one.
        for repo in sorted(repos, key=lambda repo: (self._store.get(repo) is not None, repo)):
            while repo not in held and (event := self._next_event(repo)) is not None:
                if (seconds := self._seconds_to_retry(repo)) > 0:
                    waits.append(seconds)
                    held.add(event.moved_to)
                    break
                if await self._tell(client, event):
                    self._note(event)
        return min(waits, default=None)

    def _next_event(self, repo: str) -> Event | None:
        moved_to = led_to(self._store, self._access, repo)
        return next_event(repo, self._told.get(repo), self._state(repo), moved_to)

    def _seconds_to_retry(self, repo: str) -> float:
        retries = (self._unreachable, self._refused.get(repo))
        return max((retry.at for retry in retries if retry is not None), default=0.0) - time.monotonic()

    async def _tell(self, client: httpx2.AsyncClient, event: Event) -> bool:
        payload = event.payload(self._base_url, self._id)
        try:
            response = await client.post(self._url, json=payload, headers=self._headers)
        except httpx2.HTTPError as error:
            if self._unreachable is None:
                logger.warning("the webhook at %s can't be reached (%s); trying on", self._host, type(error).__name__)
                self._unreachable = _Retry()
            self._unreachable.failed()
            return False
        if self._unreachable is not None:
            logger.info("the webhook at %s can be reached again", self._host)
            self._unreachable = None
        if response.is_success:
            return True
        if event.repo not in self._refused:
            logger.warning(
                "the webhook at %s answered %d about %s; trying on", self._host, response.status_code, event.repo
            )
        self._refused.setdefault(event.repo, _Retry()).failed()
        return False

    def _note(self, event: Event) -> None:
        self._refused.pop(event.repo, None)
        if event.after is None:
            self._told.pop(event.repo)
        else:
            self._told[event.repo] = event.after
        if time.monotonic() - self._saved_at > _SAVE_SECONDS:
            self._save()

    def _state(self, repo: str) -> State | None:
        snapshot = self._store.get(repo)
        if snapshot is None:
            return None
        visibility = self._access.visibility(repo)
        return State(snapshot.sha, visibility.private, visibility.gated, visibility.disabled)

    def _save(self) -> None:
        self._saved_at = time.monotonic()
        try:
            store_states(self._path, self._told)
        except OSError as error:
            logger.error("can't note what was announced: %s", error.strerror)
