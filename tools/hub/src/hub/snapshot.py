"""A dataset's folder at one moment: its files, their digests, and the revision they make up."""

import hashlib
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from hub.card import read_card
from hub.files import File, Signature, StoppingError, digest
from hub.names import is_legal_path, is_text, parents

Survey = dict[str, Signature]
LeaveOut = Callable[[Path, str], None]

REF = "refs/heads/main"
_HEAD_NAMES = frozenset({"main", "HEAD", REF})


@dataclass(frozen=True)
class Snapshot:
    """One revision of a dataset. Times are seconds since the epoch.

    `sha` is a function of the paths and the bytes alone: the same content always has the same revision.
    `survey` is what was seen on disk when it was taken, unreadable files included.
    """

    root: Path
    survey: Survey
    files: dict[str, File]
    sha: str
    created: float
    last_modified: float
    card: dict[str, object] = field(default_factory=dict)

    def has_revision(self, revision: str) -> bool:
        return revision in _HEAD_NAMES or revision == self.sha

    @cached_property
    def folders(self) -> dict[str, str]:
        """The path of each folder and its digest."""
        hashes: dict[str, hashlib._Hash] = {}
        for path, file in self.files.items():
            for folder in parents(path):
                if folder not in hashes:
                    hashes[folder] = hashlib.sha1(usedforsecurity=False)
                hashes[folder].update(_line(path, file))
        return {folder: found.hexdigest() for folder, found in hashes.items()}

    @cached_property
    def oids(self) -> dict[str, str]:
        """The path of a file for each sha256 in large file storage."""
        return {file.sha256: path for path, file in self.files.items() if file.sha256 is not None}


def survey(root: Path, leave_out: LeaveOut) -> Survey:
    """List the files under `root` that may be served, without reading any.

    Dotfiles, symlinks, what is neither file nor folder, and names that can't be sent are left out.
    Raises FileNotFoundError or NotADirectoryError when there is no such folder.
    """
    found: Survey = {}
    folders = [""]
    while folders:
        folder = folders.pop()
        try:
            entries = list(os.scandir(root / folder))
        except OSError as error:
            if not folder:
                raise
            if not isinstance(error, FileNotFoundError):
                leave_out(root / folder, "can't be read")
            continue
        for entry in entries:
            path = f"{folder}/{entry.name}" if folder else entry.name
            if reason := _reason_to_leave_out(entry):
                leave_out(root / path, reason)
            elif entry.is_dir(follow_symlinks=False):
                folders.append(path)
            else:
                try:
                    found[path] = Signature.of(entry.stat(follow_symlinks=False))
                except FileNotFoundError:
                    continue
    return dict(sorted(found.items()))


def _reason_to_leave_out(entry: os.DirEntry[str]) -> str | None:
    if entry.name.startswith("."):
        return "dotfiles are not served"
    if entry.is_symlink():
        return "symlinks are not followed"
    if not is_text(entry.name) or not is_legal_path(entry.name):
        return "the name can't be sent"
    if not entry.is_dir(follow_symlinks=False) and not entry.is_file(follow_symlinks=False):
        return "neither a file nor a folder"
    return None


def take(
    root: Path, surveyed: Survey, previous: Snapshot | None, leave_out: LeaveOut, stopping: threading.Event
) -> Snapshot:
    """Make the snapshot of what was surveyed, hashing only what changed since the `previous` one.

    Raises `StoppingError` when `stopping` is set meanwhile.
    """
    files: dict[str, File] = {}
    for path, signature in surveyed.items():
        known = previous.files.get(path) if previous else None
        if known is not None and known.signature == signature:
            files[path] = known
            continue
        try:
            files[path] = digest(root, path, stopping)
        except FileNotFoundError:
            continue
        except OSError:
            leave_out(root / path, "can't be read")
        if stopping.is_set():
            raise StoppingError
    sha = hashlib.sha1(b"".join(_line(path, file) for path, file in files.items()), usedforsecurity=False).hexdigest()
    if previous is not None and previous.sha == sha:
        created, last_modified, card = previous.created, previous.last_modified, previous.card
    else:
        times = [file.signature.mtime_ns / 1e9 for file in files.values()] or [time.time()]
        created = previous.created if previous else min(times)
        last_modified = time.time() if previous else max(times)
        card = read_card(root / "README.md") if "README.md" in files else {}
    return Snapshot(root, surveyed, files, sha, created, last_modified, card)


def _line(path: str, file: File) -> bytes:
    return f"{path}\0{file.blob_id}\n".encode()
