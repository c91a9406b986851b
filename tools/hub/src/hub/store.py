"""The datasets of a folder, `DIRECTORY/<namespace>/<name>/`, each with its present snapshot."""

import asyncio
import logging
import os
import secrets
import shutil
import threading
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path

from hub.names import is_legal_segment
from hub.snapshot import Snapshot, Survey, survey, take

logger = logging.getLogger("hub.store")

ACCESS_FILE = "hub.yaml"
WORK_FOLDER = ".hub"
_OWN_NAMES = frozenset({ACCESS_FILE, f".{ACCESS_FILE}.new", WORK_FOLDER})


class Store:
    """Keeps one snapshot a dataset, and wakes its subscribers whenever a dataset appears, changes or goes.

    Whoever changes the folder of a dataset holds its lock, so nobody takes a snapshot of half a change.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.stopping = threading.Event()
        self._subscribers: list[asyncio.Event] = []
        self._snapshots: dict[str, Snapshot] = {}
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._left_out: set[Path] = set()

    @property
    def work_directory(self) -> Path:
        """Where what isn't part of a dataset yet, or no more, is kept: on the same disk, so that a rename is enough."""
        return self.directory / WORK_FOLDER

    def names(self) -> list[str]:
        return sorted(self._snapshots)

    def get(self, repo: str) -> Snapshot | None:
        return self._snapshots.get(repo)

    def lock(self, repo: str) -> asyncio.Lock:
        return self._locks[repo]

    @asynccontextmanager
    async def locks(self, *repos: str) -> AsyncIterator[None]:
        """The locks of several, always taken in the same order: nobody who holds one waits for another who does."""
        async with AsyncExitStack() as held:
            for repo in sorted(set(repos)):
                await held.enter_async_context(self.lock(repo))
            yield

    def subscribe(self) -> asyncio.Event:
        """An event that is set at every change; the subscriber clears it."""
        event = asyncio.Event()
        self._subscribers.append(event)
        return event

    def notify(self) -> None:
        for event in self._subscribers:
            event.set()

    async def refresh(self, repo: str) -> Snapshot | None:
        """Look at the folder of `repo` again. None when it isn't there."""
        async with self.lock(repo):
            return await self.refresh_locked(repo)

    async def refresh_locked(self, repo: str) -> Snapshot | None:
        """`refresh`, for whoever holds the lock."""
        before = self._snapshots.get(repo)
        after = await asyncio.to_thread(self._take, repo, before)
        if after is None:
            self._snapshots.pop(repo, None)
        else:
            self._snapshots[repo] = after
        if (before and before.sha) != (after and after.sha):
            self.notify()
        return after

    async def refresh_all(self) -> None:
        for repo in await asyncio.to_thread(self.survey_all):
            await self.refresh(repo)

    async def create_locked(self, repo: str) -> None:
        """Make the empty folder of `repo`, for whoever holds the lock. Raises FileExistsError."""
        root = self.directory / repo
        if root.parent.is_symlink():
            raise FileExistsError(root.parent)
        await asyncio.to_thread(os.makedirs, root)
        await self.refresh_locked(repo)

    async def bury_locked(self, repo: str) -> Path:
        """Take the folder of `repo` away in one step, for whoever holds the lock and removes what is at the path given.

        Raises FileNotFoundError.
        """
        grave = self._graves / secrets.token_hex(8)
        await asyncio.to_thread(os.makedirs, grave.parent, exist_ok=True)
        await asyncio.to_thread(os.rename, self.directory / repo, grave)
        await self.refresh_locked(repo)
        return grave

    def rename_locked(self, old: str, new: str) -> None:
        """Know the snapshot of `old` as that of `new`, where its folder is now, for whoever holds the locks of both."""
        self._snapshots[new] = replace(self._snapshots.pop(old), root=self.directory / new)
        self.notify()

    def remove_graves(self) -> None:
        """Remove what is left of datasets that were being deleted when the Hub died."""
        shutil.rmtree(self._graves, ignore_errors=True)

    @property
    def _graves(self) -> Path:
        return self.work_directory / "deleted"

    def survey_all(self) -> dict[str, Survey]:
        """What is on disk now, for every dataset; reads no file. Raises OSError when the directory can't be read."""
        found: dict[str, Survey] = {}
        for namespace in self._folders(self.directory):
            try:
                names = self._folders(self.directory / namespace)
            except FileNotFoundError:
                continue
            except OSError as error:
                logger.warning("%s can't be read: %s", self.directory / namespace, error.strerror)
                prefix = f"{namespace}/"
                found |= {repo: known.survey for repo, known in self._snapshots.items() if repo.startswith(prefix)}
                continue
            for name in names:
                repo = f"{namespace}/{name}"
                try:
                    found[repo] = survey(self.directory / repo, self._leave_out)
                except (FileNotFoundError, NotADirectoryError):
                    continue
                except OSError:
                    self._leave_out(self.directory / repo, "can't be read")
                    if known_snapshot := self._snapshots.get(repo):
                        found[repo] = known_snapshot.survey
        return found

    def _folders(self, parent: Path) -> list[str]:
        found = []
        for entry in os.scandir(parent):
            if parent == self.directory and entry.name in _OWN_NAMES:
                continue
            if entry.is_symlink():
                self._leave_out(parent / entry.name, "symlinks are not followed")
            elif not entry.is_dir():
                self._leave_out(parent / entry.name, "not a folder")
            elif not is_legal_segment(entry.name):
                self._leave_out(parent / entry.name, "the Hub allows no such name")
            else:
                found.append(entry.name)
        return sorted(found)

    def _take(self, repo: str, previous: Snapshot | None) -> Snapshot | None:
        root = self.directory / repo
        if root.is_symlink() or root.parent.is_symlink():
            return None
        try:
            surveyed = survey(root, self._leave_out)
        except (FileNotFoundError, NotADirectoryError):
            return None
        return take(root, surveyed, previous, self._leave_out, self.stopping)

    def _leave_out(self, path: Path, reason: str) -> None:
        if path not in self._left_out:
            self._left_out.add(path)
            logger.warning(
                "left out %r: %s", os.fsencode(path.relative_to(self.directory)).decode("utf-8", "replace"), reason
            )
