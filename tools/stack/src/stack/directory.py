"""What the stack keeps in `DATA_DIRECTORY` by itself: the lock, the secrets and the samples."""

import fcntl
import json
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from stack.errors import StackError

SAMPLES = Path(__file__).parents[4] / "samples" / "datasets"


@dataclass(frozen=True)
class Secrets:
    """What the local Hub, the api and the workers know each other by, what the api signs URLs with, and what the admin
    service lets its bearer in with.
    """

    webhook_secret: str
    worker_token: str
    signing_key: str
    admin_token: str


@contextmanager
def held(directory: Path) -> Iterator[None]:
    """Make `directory` and keep other stacks out of it; raises `StackError` when one is running there."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        lock = (directory / "stack.lock").open("ab")
    except OSError as error:
        raise StackError(f"DATA_DIRECTORY {directory} can't be used: {error.strerror}; choose another") from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StackError(
                f"another stack is running on DATA_DIRECTORY {directory}: stop it or choose another"
            ) from None
        yield


def read_secrets(directory: Path) -> Secrets:
    """The secrets of this directory; those that it doesn't have yet are drawn at random."""
    file = directory / "secrets.json"
    drawn = Secrets(
        webhook_secret=secrets.token_urlsafe(32),
        worker_token=f"hf_{secrets.token_urlsafe(32)}",
        signing_key=secrets.token_urlsafe(32),
        admin_token=secrets.token_urlsafe(32),
    )
    try:
        known = json.loads(file.read_text()) if file.exists() else {}
        found = Secrets(**{**asdict(drawn), **known})
    except (ValueError, TypeError):
        raise StackError(f"{file} can't be read; delete it, and new secrets are drawn") from None
    if asdict(found) != known:
        new = file.with_suffix(".new")
        new.unlink(missing_ok=True)
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as output:
            json.dump(asdict(found), output)
        new.rename(file)
    return found


def fill_with_samples(directory: Path) -> bool:
    """Copy the sample datasets to `directory` unless it exists; whether that was done."""
    if directory.exists():
        return False
    if not SAMPLES.is_dir():
        raise StackError(f"the sample datasets are missing from {SAMPLES}: run make samples, or set DATASETS_DIRECTORY")
    new = directory.with_name(f".{directory.name}.new")
    shutil.rmtree(new, ignore_errors=True)
    shutil.copytree(SAMPLES, new)
    new.rename(directory)
    return True
