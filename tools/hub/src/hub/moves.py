"""Moving a dataset to another name, all of it, even when the Hub dies in the middle; and where an old name leads.

A move is one rename of a folder. What hub.yaml says of the dataset is written for its new name before that, and removed
for its old name when nothing is known by that any more: at no moment may more people see it. A plan is written first
and removed last; one that is found at the next start is finished.
"""

import asyncio
import json
import logging
import os
import secrets
import shutil
from pathlib import Path

from hub.access import Access
from hub.commits import finish_commits
from hub.rules import AccessError
from hub.store import Store

logger = logging.getLogger("hub.moves")


def led_to(store: Store, access: Access, repo: str) -> str | None:
    """The dataset that the old name `repo` leads to; None when it leads nowhere, or stands for a dataset itself."""
    names = [repo]
    while store.get(names[-1]) is None:
        new = access.moved_to(names[-1])
        if new is None or new in names:
            return None
        names.append(new)
    return names[-1] if names[-1] != repo else None


async def move_locked(store: Store, access: Access, old: str, new: str) -> None:
    """Give the dataset `old` the name `new`, for whoever holds the locks of both.

    Raises before anything is changed: FileNotFoundError when `old` isn't there, FileExistsError when something is at
    `new`, `AccessError` when hub.yaml can't be used.
    """
    plan = await asyncio.to_thread(_begin, store, access, old, new)
    store.rename_locked(old, new)
    await asyncio.to_thread(_finish, access, old, new)
    plan.unlink()


def finish_moves(store: Store, access: Access) -> None:
    """Finish the moves that were begun and not ended."""
    for plan in _plans(store).glob("*.json"):
        logger.info("finishing a move that was interrupted")
        old, new = json.loads(plan.read_text())
        if (store.directory / old).is_dir() and not os.path.lexists(store.directory / new):
            _rename(store, access, old, new)
        if (store.directory / new).is_dir() and not os.path.lexists(store.directory / old):
            _finish(access, old, new)
    shutil.rmtree(_plans(store), ignore_errors=True)


def _plans(store: Store) -> Path:
    return store.work_directory / "moves"


def _begin(store: Store, access: Access, old: str, new: str) -> Path:
    target = store.directory / new
    if not (store.directory / old).is_dir():
        raise FileNotFoundError(old)
    if os.path.lexists(target) or target.parent.is_symlink():
        raise FileExistsError(target)
    finish_commits(store, old)
    _plans(store).mkdir(parents=True, exist_ok=True)
    plan = _plans(store) / f"{secrets.token_hex(8)}.json"
    temporary = plan.with_suffix(".new")
    temporary.write_text(json.dumps([old, new]))
    temporary.replace(plan)
    try:
        _rename(store, access, old, new)
    except Exception:
        plan.unlink()
        raise
    return plan


def _rename(store: Store, access: Access, old: str, new: str) -> None:
    target = store.directory / new
    target.parent.mkdir(exist_ok=True)
    access.begin_move(old, new)
    (store.directory / old).rename(target)


def _finish(access: Access, old: str, new: str) -> None:
    try:
        access.finish_move(old, new)
    except AccessError as error:
        logger.warning("the entry of %s stays in hub.yaml: %s", old, error)
