"""A directory and a bucket, for the tests of what holds for both."""

import os
from abc import ABC, abstractmethod
from pathlib import Path

from libcache.assets import Assets
from libcache.settings import StorageSettings
from libcache.storage import open_assets
from stack.s3 import S3


class Place(ABC):
    """A place of assets as somebody sees it who doesn't know what it is for; `settings` lead to it."""

    settings: dict[str, str]

    @property
    def assets(self) -> Assets:
        return open_assets(StorageSettings.model_validate({k.lower(): v for k, v in self.settings.items()}))

    @property
    def environment(self) -> dict[str, str]:
        """The environment of processes that use it."""
        return {**os.environ, **self.settings}

    def files(self, below: str = "") -> set[str]:
        """What is there, hidden files and what is staged left out, by paths below `/assets/`."""
        found = {path for path in self.all_files() if path.startswith(f"{below}/" if below else "")}
        return {path for path in found if not Path(path).name.startswith(".") and not path.startswith(".staging")}

    @abstractmethod
    def all_files(self) -> set[str]: ...

    @abstractmethod
    def read(self, path: str) -> bytes: ...

    @abstractmethod
    def write(self, path: str) -> None: ...

    @abstractmethod
    def remove(self, path: str) -> None: ...


class InDirectory(Place):
    def __init__(self, root: Path) -> None:
        self.root = root
        self.settings = {"ASSETS_STORAGE": str(root)}

    def all_files(self) -> set[str]:
        return {str(file.relative_to(self.root)) for file in self.root.rglob("*") if file.is_file()}

    def read(self, path: str) -> bytes:
        return (self.root / path).read_bytes()

    def write(self, path: str) -> None:
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_bytes(b"")

    def remove(self, path: str) -> None:
        (self.root / path).unlink()


class InBucket(Place):
    def __init__(self, s3: S3, prefix: str) -> None:
        self._s3 = s3
        self._prefix = prefix
        self.settings = s3.settings(prefix)
        # Where AWS' own library looks for the key.
        os.environ.update({name: self.settings[name] for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")})

    def all_files(self) -> set[str]:
        return {key.removeprefix(f"{self._prefix}/") for key in self._s3.keys(f"{self._prefix}/")}

    def read(self, path: str) -> bytes:
        return self._s3.read(f"{self._prefix}/{path}")

    def write(self, path: str) -> None:
        self._s3.write(f"{self._prefix}/{path}", b"")

    def remove(self, path: str) -> None:
        self._s3.remove(f"{self._prefix}/{path}")
