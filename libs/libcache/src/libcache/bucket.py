"""Assets in a bucket of S3-compatible storage.

Keys are `<prefix>/<dataset>/--/<generation>/<fence>/<file name>`, as in a directory. Credentials, region and endpoint
come from the settings, or from where AWS' own library looks for them: files, or the machine's role.
"""

import asyncio
import errno
from collections.abc import Callable, Collection, Coroutine, Iterable, Iterator, Mapping
from concurrent.futures import Future, wait
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from ssl import get_default_verify_paths
from typing import Any, TypeVar

from aiohttp import ClientError as BrokenAnswerError
from botocore.exceptions import BotoCoreError, ClientError
from fsspec.asyn import sync_wrapper
from s3fs import S3FileSystem

from libcache.assets import NUMBER, OF_DATASET, AssetPath, Assets, Folder, Size, datasets_in, folder_of
from libcache.records import Record
from libcache.settings import StorageSettings

# Beside its files, in a folder that no answer was seen to name, since it was written.
_OVER = ".over"
_CLOCK = ".clock"
_CONFIG = {
    "connect_timeout": 5,
    "read_timeout": 10,
    # Of one process; by default 10, and who waits for one of them waits without a limit of its own.
    "max_pool_connections": 64,
    # The library above does.
    "retries": {"total_max_attempts": 1, "mode": "standard"},
    # Of these checksums, storage of others than AWS may know nothing.
    "request_checksum_calculation": "when_required",
    "response_checksum_validation": "when_required",
}
# How much of the files is in memory while they are sent: eight of them, two parts of each.
_FILES_AT_ONCE, _PARTS_AT_ONCE, _PART_BYTES = 8, 2, 8 * 2**20
_KEEP_SECONDS = 0.2
# Until a call has ended, its repetitions included: no timeout of the library counts while a body is on its way.
_CALL_SECONDS = 60.0
# What hangs ends before a lease of the usual length does.
_TRIES = 2

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class ObjectAbout:
    """The size of a file in a bucket in bytes, and when it was written, in seconds since 1970."""

    size: int
    modified: float


class _Files(S3FileSystem):  # type: ignore[misc]
    """Whose calls end."""

    async def _call_s3(self, *args: Any, **kwargs: Any) -> Any:
        async with asyncio.timeout(_CALL_SECONDS):
            return await super()._call_s3(*args, **kwargs)

    call_s3 = sync_wrapper(_call_s3)


class Bucket(Assets):
    """What is below the prefix of the settings' `ASSETS_STORAGE`."""

    def __init__(self, settings: StorageSettings) -> None:
        self._root = settings.assets_storage.removeprefix("s3://").rstrip("/")
        secret = settings.aws_secret_access_key
        self._files = _Files(
            key=settings.aws_access_key_id,
            secret=secret.get_secret_value() if secret else None,
            endpoint_url=settings.aws_endpoint_url_s3,
            client_kwargs={"region_name": settings.aws_region, "verify": get_default_verify_paths().cafile},
            config_kwargs=_CONFIG,
            # What others write is to be seen at once.
            use_listings_cache=False,
            skip_instance_cache=True,
        )
        self._files.retries = _TRIES

    def check(self) -> None:
        with _os_errors():
            self._files.call_s3("list_objects_v2", Bucket=self._root.partition("/")[0], MaxKeys=1)

    def prepare(self) -> None:
        # As it is written to by each pass over it.
        self.now()

    def staging(self, scratch: Path) -> Path:
        return scratch

    def publish(self, staging: Path, record: Record, names: Collection[str], keep: Callable[[], object]) -> None:
        folder = f"{self._root}/{folder_of(record)}"
        sending = self._files._put(
            [str(staging / name) for name in names],
            [f"{folder}/{name}" for name in names],
            batch_size=_FILES_AT_ONCE,
            max_concurrency=_PARTS_AT_ONCE,
            chunksize=_PART_BYTES,
        )
        with _os_errors():
            _wait(self._begin(sending), keep)

    def remove_generations_before(self, record: Record) -> None:
        """Nothing: jobs that write no files don't wait for the bucket."""

    def folders(self, dataset: str) -> list[Folder]:
        of_dataset = f"{self._root}/{dataset}/{OF_DATASET}"
        found: dict[tuple[str, str], dict[str, Mapping[str, Any]]] = {}
        for key, about in self._below(of_dataset).items():
            match key.removeprefix(f"{of_dataset}/").split("/"):
                case [generation, fence, name] if NUMBER.fullmatch(generation) and NUMBER.fullmatch(fence):
                    found.setdefault((generation, fence), {})[name] = about
        folders: list[Folder] = [
            _Folder(self, f"{of_dataset}/{generation}/{fence}", int(generation), int(fence), files)
            for (generation, fence), files in found.items()
        ]
        return sorted(folders, key=lambda folder: folder.id)

    def datasets(self, since: str | None = None) -> Iterator[str]:
        return datasets_in(self._names, since)

    def remove_empty_folders(self, dataset: str) -> None:
        """There are none in a bucket."""

    def remove_abandoned(self) -> None:
        """Workers that start do so, in their scratch folder."""

    def missing(self, paths: Iterable[str]) -> list[str]:
        wanted: dict[str, list[str]] = {}
        for path in paths:
            wanted.setdefault(path.rpartition("/")[0], []).append(path)
        missing: list[str] = []
        for folder, names in wanted.items():
            try:
                there = self._below(f"{self._root}/{folder}")
            except OSError:
                continue
            missing += [name for name in names if f"{self._root}/{name}" not in there]
        return sorted(missing)

    def now(self) -> float:
        clock = f"{self._root}/{_CLOCK}"
        with _os_errors():
            self._files.pipe_file(clock, b"")
            return _seconds(self._files.info(clock))

    async def about(self, path: AssetPath) -> ObjectAbout | None:
        """What is known of an asset; None if there is no such file."""
        try:
            with _os_errors():
                found = await self._awaited(self._files._info(self._key(path)))
        except FileNotFoundError:
            return None
        return ObjectAbout(found["size"], _seconds(found)) if found["type"] == "file" else None

    async def read(self, path: AssetPath, part: range) -> bytes:
        """A part of an asset's file, which is not empty."""
        with _os_errors():
            content: bytes = await self._awaited(
                self._files._cat_file(self._key(path), start=part.start, end=part.stop)
            )
        return content

    async def is_there(self) -> bool:
        """Whether the bucket can be listed."""
        bucket = self._root.partition("/")[0]
        try:
            with _os_errors():
                await self._awaited(self._files._call_s3("list_objects_v2", Bucket=bucket, MaxKeys=1))
        except OSError:
            return False
        return True

    def mark(self, folder: str) -> None:
        """Notes that no answer names a folder, since now."""
        with _os_errors():
            self._files.pipe_file(f"{folder}/{_OVER}", b"")

    def unmark(self, folder: str) -> None:
        """Takes that back."""
        with _os_errors():
            self._files.rm_file(f"{folder}/{_OVER}")

    def remove(self, folder: str) -> None:
        """Removes the files of a folder, and then its mark."""
        with _os_errors():
            # The mark last: what is left of it without one would look as if it had just come.
            for keys in ([key for key in self._below(folder) if not key.endswith(f"/{_OVER}")], [f"{folder}/{_OVER}"]):
                if keys:
                    self._files.rm(keys)
            # What isn't removed is not said by the call.
            if self._below(folder):
                raise PermissionError(errno.EACCES, "the files of a folder can't be removed", folder)

    def _key(self, path: AssetPath) -> str:
        return f"{self._root}/{path.relative.as_posix()}"

    def _below(self, folder: str) -> dict[str, Mapping[str, Any]]:
        with _os_errors():
            found: dict[str, Mapping[str, Any]] = self._files.find(folder, detail=True)
        return found

    def _names(self, folder: str) -> list[str]:
        try:
            with _os_errors():
                found = self._files.ls(f"{self._root}/{folder}".rstrip("/"), detail=True)
        except FileNotFoundError:
            return []
        return [entry["name"].rpartition("/")[2] for entry in found if entry["type"] == "directory"]

    def _begin(self, coroutine: Coroutine[Any, Any, _T]) -> Future[_T]:
        return asyncio.run_coroutine_threadsafe(coroutine, self._files.loop)

    async def _awaited(self, coroutine: Coroutine[Any, Any, _T]) -> _T:
        return await asyncio.wrap_future(self._begin(coroutine))


class _Folder(Folder):
    """As it was when its dataset was listed."""

    def __init__(
        self, bucket: Bucket, folder: str, generation: int, fence: int, files: dict[str, Mapping[str, Any]]
    ) -> None:
        super().__init__(generation, fence)
        self._bucket = bucket
        self._folder = folder
        self._over = files.pop(_OVER, None)
        self._files = files

    def unnamed_since(self) -> float | None:
        return _seconds(self._over) if self._over is not None else None

    def note_unnamed(self) -> None:
        self._bucket.mark(self._folder)

    def note_named(self) -> None:
        if self._over is not None:
            self._bucket.unmark(self._folder)

    def size(self) -> Size:
        return Size(len(self._files), sum(about["size"] for about in self._files.values()))

    def remove(self) -> Size:
        self._bucket.remove(self._folder)
        return self.size()


def _seconds(about: Mapping[str, Any]) -> float:
    modified: datetime = about["LastModified"]
    return modified.timestamp()


def _wait(future: Future[_T], keep: Callable[[], object]) -> _T:
    try:
        while not wait([future], _KEEP_SECONDS).done:
            keep()
        return future.result()
    except BaseException:
        future.cancel()
        raise


@contextmanager
def _os_errors() -> Iterator[None]:
    """What the library says of storage that doesn't answer, or doesn't let us in, as an `OSError`."""
    try:
        yield
    except (BotoCoreError, ClientError, BrokenAnswerError) as error:
        raise OSError(errno.EIO, f"the bucket can't be used: {error}") from error
