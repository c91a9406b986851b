"""Applying a commit to a dataset's folder: all of it, even when the Hub dies in the middle.

What is written is first staged beside the datasets, on the same disk, together with a plan of the renames. A plan that
was begun is finished at the next start, so a folder never stays between two revisions.
"""

import json
import logging
import os
import shutil
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from hub.errors import HubError, bad_request, entry_not_found
from hub.files import open_regular, signature_of
from hub.names import is_hidden, parents
from hub.snapshot import Snapshot
from hub.store import Store

logger = logging.getLogger("hub.commits")

_PLAN = "plan.json"


@dataclass(frozen=True)
class Write:
    """Put the staged file of that name at `path`."""

    path: str
    staged: str


@dataclass(frozen=True)
class WriteLfs:
    """Put the uploaded file with that sha256 at `path`."""

    path: str
    oid: str


@dataclass(frozen=True)
class Delete:
    path: str
    is_folder: bool


Operation = Write | WriteLfs | Delete


@dataclass
class Outcome:
    """What a commit comes to: the paths to remove, then the files to put in place."""

    deletes: set[str]
    writes: dict[str, Write | WriteLfs]


def staging_folder(store: Store) -> Path:
    return store.work_directory / "commits"


def settle(snapshot: Snapshot, operations: Sequence[Operation]) -> Outcome:
    """Add up `operations`, in order. Dotfiles are left out.

    Raises `HubError`: 404 EntryNotFound for deleting what isn't there, 400 for a file that is to be a folder as well.
    """
    paths = set(snapshot.files)
    outcome = Outcome(set(), {})
    for operation in operations:
        if is_hidden(operation.path):
            logger.info("left out %r of a commit: dotfiles are not kept", operation.path)
        elif isinstance(operation, Delete):
            prefix = f"{operation.path}/"
            gone = {path for path in paths if path.startswith(prefix)} if operation.is_folder else {operation.path}
            if not gone or not gone <= paths:
                raise entry_not_found(operation.path, snapshot.sha)
            paths -= gone
            outcome.deletes |= gone
            for path in gone:
                outcome.writes.pop(path, None)
        else:
            paths.add(operation.path)
            outcome.writes[operation.path] = operation
    folders = {folder for path in paths for folder in parents(path)}
    if both := paths & folders:
        raise bad_request(f"{min(both)} can't be a file and a folder.")
    outcome.deletes -= outcome.writes.keys()
    return outcome


def apply(
    store: Store, repo: str, snapshot: Snapshot, staging: Path, outcome: Outcome, uploaded: Callable[[str], Path]
) -> None:
    """Change the folder of `repo` as settled; `uploaded` tells where the file of a sha256 is. Hold the lock.

    Raises `HubError` before anything is changed: 400 for a file that was never uploaded, 409 for something on disk
    that isn't served but stands in the way.
    """
    for path in outcome.writes:
        _check_way_is_free(snapshot, outcome, path)
    writes = _stage(snapshot, staging, outcome, uploaded)
    plan = {"repo": repo, "deletes": sorted(outcome.deletes), "writes": writes}
    temporary = staging / f"{_PLAN}.new"
    temporary.write_text(json.dumps(plan))
    temporary.replace(staging / _PLAN)
    _execute(store, staging)


def finish_commits(store: Store, repo: str | None = None) -> None:
    """Finish the commits, to one repository or to any, that were begun and not ended."""
    for staging in staging_folder(store).glob("*"):
        if (staging / _PLAN).exists():
            if repo in (None, json.loads((staging / _PLAN).read_text())["repo"]):
                logger.info("finishing a commit that was interrupted")
                _execute(store, staging)
        elif repo is None:
            shutil.rmtree(staging)


def discard(staging: Path) -> None:
    """Remove what was staged, unless a plan for it has begun."""
    if not (staging / _PLAN).exists():
        shutil.rmtree(staging, ignore_errors=True)


def _check_way_is_free(snapshot: Snapshot, outcome: Outcome, path: str) -> None:
    for folder in parents(path):
        place = snapshot.root / folder
        if place.is_symlink() or (place.exists() and not place.is_dir() and folder not in outcome.deletes):
            raise HubError(409, f"{folder} is there on disk, isn't a folder, and isn't served.")
    place = snapshot.root / path
    if place.is_dir() and not place.is_symlink():
        for folder, _, names in os.walk(place):
            for name in names:
                inside = Path(folder, name).relative_to(snapshot.root).as_posix()
                if inside not in outcome.deletes:
                    raise HubError(409, f"{path} is a folder on disk, and holds what isn't served.")


def _stage(snapshot: Snapshot, staging: Path, outcome: Outcome, uploaded: Callable[[str], Path]) -> dict[str, str]:
    for path, write in outcome.writes.items():
        if isinstance(write, WriteLfs) and write.oid not in snapshot.oids and not uploaded(write.oid).exists():
            raise bad_request(f"The file {write.oid} of {path} was not uploaded.")
    staged: dict[str, str] = {}
    of_oid: dict[str, Path] = {}
    for path, write in outcome.writes.items():
        if isinstance(write, Write):
            staged[path] = write.staged
            continue
        known = snapshot.files.get(path)
        if known is not None and known.sha256 == write.oid:
            continue
        place = staging / f"lfs-{len(of_oid)}-{len(staged)}"
        if write.oid in of_oid:
            shutil.copyfile(of_oid[write.oid], place)
        elif write.oid in snapshot.oids:
            _copy_from(snapshot, snapshot.oids[write.oid], place)
        else:
            uploaded(write.oid).rename(place)
        of_oid.setdefault(write.oid, place)
        staged[path] = place.name
    return staged


def _copy_from(snapshot: Snapshot, path: str, target: Path) -> None:
    with open_regular(snapshot.root / path) as source, target.open("wb") as copy:
        shutil.copyfileobj(source, copy, 1 << 20)
        if signature_of(source) != snapshot.files[path].signature:
            raise HubError(409, f"{path} changed on disk during the commit. Try again.")


def _execute(store: Store, staging: Path) -> None:
    plan = json.loads((staging / _PLAN).read_text())
    root = store.directory / plan["repo"]
    if root.is_dir() and not root.is_symlink():
        for path in plan["deletes"]:
            # A plan may be begun again: what has to go may have made room already for a file or a folder.
            with suppress(FileNotFoundError, NotADirectoryError, IsADirectoryError):
                (root / path).unlink()
        for folder in sorted({folder for path in plan["deletes"] for folder in parents(path)}, reverse=True):
            _remove_if_empty(root / folder)
        for path, staged in plan["writes"].items():
            if (staging / staged).exists():
                target = root / path
                if target.is_dir() and not target.is_symlink():
                    _remove_empty_folders(target)
                target.parent.mkdir(parents=True, exist_ok=True)
                (staging / staged).replace(target)
    (staging / _PLAN).unlink()
    shutil.rmtree(staging, ignore_errors=True)


def _remove_empty_folders(top: Path) -> None:
    for folder, _, _ in os.walk(top, topdown=False):
        _remove_if_empty(Path(folder))


def _remove_if_empty(folder: Path) -> None:
    # Something that isn't served may be in it still, or it is gone already.
    with suppress(OSError):
        folder.rmdir()
