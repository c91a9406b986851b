"""Assets in a bucket of S3-compatible storage.

Keys are `<prefix>/<dataset>/--/<generation>/<fence>/<file name>`, as in a directory. Region and endpoint come
from the settings, and the key, like them, from wherever AWS' own library looks for it: variables, files, the machine's
role.
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
from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError, HTTPClientError
from fsspec.asyn import sync_wrapper
from libcommon.names import is_dataset_name
from s3fs import S3FileSystem

from libcache.assets import NUMBER, OF_DATASET, AssetPath, Assets, Folder, Size, folder_of
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
# Files by their names or paths, as S3 lists them.
_Listed = dict[str, Mapping[str, Any]]


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

    publishes_at_once = False

    def __init__(self, settings: StorageSettings) -> None:
        self._bucket, _, prefix = settings.assets_storage.removeprefix("s3://").rstrip("/").partition("/")
        self._prefix = f"{prefix}/" if prefix else ""
        # The key is among what AWS' own library finds.
        self._files = _Files(
            endpoint_url=settings.aws_endpoint_url_s3,
            client_kwargs={"region_name": settings.aws_region, "verify": get_default_verify_paths().cafile},
            config_kwargs=_CONFIG,
            # What others write is to be seen at once.
            use_listings_cache=False,
            skip_instance_cache=True,
        )
        self._files.retries = _TRIES

    def check(self) -> None:
        self._ask("list_objects_v2", Prefix=self._prefix, MaxKeys=1)

    def prepare(self) -> None:
        # As it is written to by each pass over it.
        self.now()

    def staging(self, scratch: Path) -> Path:
        return scratch

    def publish(self, staging: Path, record: Record, names: Collection[str], keep: Callable[[], object]) -> None:
        folder = f"{self._bucket}/{self._prefix}{folder_of(record)}"
        sent = [
            self._files._put_file(
                str(staging / name),
                f"{folder}/{name}",
                max_concurrency=_PARTS_AT_ONCE,
                chunksize=_PART_BYTES,
            )
            for name in names
        ]
        _wait(self._begin(_all(sent)), keep)

    def remove_generations_before(self, record: Record) -> None:
        """Nothing: jobs that write no files don't wait for the bucket."""

    def folders(self, dataset: str) -> list[Folder]:
        of_dataset = f"{dataset}/{OF_DATASET}"
        found: dict[tuple[str, str], _Listed] = {}
        for path, about in self.files(of_dataset).items():
            match path.removeprefix(f"{of_dataset}/").split("/"):
                case [generation, fence, name] if NUMBER.fullmatch(generation) and NUMBER.fullmatch(fence):
                    found.setdefault((generation, fence), {})[name] = about
        folders: list[Folder] = [
            _Folder(self, f"{of_dataset}/{generation}/{fence}", int(generation), int(fence), files)
            for (generation, fence), files in found.items()
        ]
        return sorted(folders, key=lambda folder: folder.id)

    def datasets(self, since: str | None = None) -> Iterator[str]:
        # In the order of the keys, so that a walk over many goes on where it was without a list of all.
        first_top, _, first_name = (since or "").partition("/")
        for top in self._names("", first_top):
            if not is_dataset_name(top):
                continue
            goes_on = top == first_top and first_name != ""
            if not goes_on:
                yield top
            for name in self._names(f"{top}/", first_name if goes_on else ""):
                if is_dataset_name(name) and is_dataset_name(f"{top}/{name}"):
                    yield f"{top}/{name}"

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
                there = self.files(folder)
            except OSError:
                continue
            missing += [name for name in names if name not in there]
        return sorted(missing)

    def now(self) -> float:
        self.write_mark(_CLOCK)
        return _seconds(self._ask("head_object", Key=f"{self._prefix}{_CLOCK}"))

    async def about(self, path: AssetPath) -> ObjectAbout | None:
        """What is known of an asset; None if there is no such file."""
        try:
            found = await self._asked("head_object", Key=self._key(path))
        except FileNotFoundError:
            return None
        return ObjectAbout(found["ContentLength"], _seconds(found))

    async def read(self, path: AssetPath, part: range) -> bytes:
        """A part of an asset's file, which is not empty."""
        address = f"{self._bucket}/{self._key(path)}"
        reading = self._files._cat_file(address, start=part.start, end=part.stop)
        with _os_errors():
            content: bytes = await asyncio.wrap_future(self._begin(reading))
        return content

    async def is_there(self) -> bool:
        """Whether the bucket can be listed."""
        try:
            await self._asked("list_objects_v2", Prefix=self._prefix, MaxKeys=1)
        except OSError:
            return False
        return True

    def files(self, folder: str) -> _Listed:
        """The files below a folder, by their paths."""
        listed = self._pages(Prefix=f"{self._prefix}{folder}/")
        return {about["Key"].removeprefix(self._prefix): about for page in listed for about in page.get("Contents", ())}

    def write_mark(self, path: str) -> None:
        """Writes a file without content, for its time."""
        self._ask("put_object", Key=f"{self._prefix}{path}", Body=b"")

    def remove(self, paths: Iterable[str]) -> None:
        """Removes files. One by one: to remove many at once takes checksums that not all storage knows."""
        keys = [f"{self._bucket}/{self._prefix}{path}" for path in paths]
        _wait(self._begin(_all([self._files._rm_file(key) for key in keys])), lambda: None)

    def _names(self, folder: str, first: str) -> Iterator[str]:
        """The names of the folders in a folder, which is empty or ends with a slash, from `first` on."""
        folder = f"{self._prefix}{folder}"
        # Not what it is listed as: not all storage would list it.
        after = {"StartAfter": f"{folder}{first}"} if first else {}
        for page in self._pages(Prefix=folder, Delimiter="/", **after):
            for each in page.get("CommonPrefixes", ()):
                if not first or each["Prefix"] >= f"{folder}{first}/":
                    yield each["Prefix"].removeprefix(folder).rstrip("/")

    def _pages(self, **asked: str) -> Iterator[Mapping[str, Any]]:
        while True:
            page = self._ask("list_objects_v2", **asked)
            yield page
            if not page.get("IsTruncated"):
                return
            asked["ContinuationToken"] = page["NextContinuationToken"]

    def _ask(self, method: str, **asked: Any) -> Mapping[str, Any]:
        with _os_errors():
            answer: Mapping[str, Any] = self._files.call_s3(method, Bucket=self._bucket, **asked)
        return answer

    async def _asked(self, method: str, **asked: Any) -> Mapping[str, Any]:
        with _os_errors():
            asking = self._begin(self._files._call_s3(method, Bucket=self._bucket, **asked))
            answer: Mapping[str, Any] = await asyncio.wrap_future(asking)
        return answer

    def _key(self, path: AssetPath) -> str:
        return f"{self._prefix}{path.relative.as_posix()}"

    def _begin(self, coroutine: Coroutine[Any, Any, _T]) -> Future[_T]:
        return asyncio.run_coroutine_threadsafe(coroutine, self._files.loop)


class _Folder(Folder):
    """As it was when its dataset was listed."""

    def __init__(self, bucket: Bucket, path: str, generation: int, fence: int, files: _Listed) -> None:
        super().__init__(generation, fence)
        self._bucket = bucket
        self._path = path
        self._over = files.pop(_OVER, None)
        self._files = files

    def written_at(self) -> float:
        return max(map(_seconds, self._files.values()), default=0.0)

    def unnamed_since(self) -> float | None:
        return _seconds(self._over) if self._over is not None else None

    def note_unnamed(self) -> None:
        self._bucket.write_mark(f"{self._path}/{_OVER}")

    def note_named(self) -> None:
        if self._over is not None:
            self._bucket.remove([f"{self._path}/{_OVER}"])

    def size(self) -> Size:
        return Size(len(self._files), sum(about["Size"] for about in self._files.values()))

    def remove(self) -> Size:
        self._bucket.remove(f"{self._path}/{name}" for name in self._files)
        # The mark last: what is left of it without one would look as if it had just come.
        self._bucket.remove([f"{self._path}/{_OVER}"])
        return self.size()


def _seconds(about: Mapping[str, Any]) -> float:
    modified: datetime = about["LastModified"]
    return modified.timestamp()


async def _all(calls: Iterable[Coroutine[Any, Any, Any]]) -> None:
    """Some at a time; when one fails, or this is cancelled, all end."""
    some = asyncio.Semaphore(_FILES_AT_ONCE)

    async def call(each: Coroutine[Any, Any, Any]) -> None:
        async with some:
            await each

    async with asyncio.TaskGroup() as group:
        for each in calls:
            group.create_task(call(each))


def _wait(future: Future[None], keep: Callable[[], object]) -> None:
    try:
        while not wait([future], _KEEP_SECONDS).done:
            keep()
        with _os_errors():
            future.result()
    except BaseException:
        future.cancel()
        raise


@contextmanager
def _os_errors() -> Iterator[None]:
    """What the library says of storage that doesn't answer, or doesn't let us in, as an `OSError`: a `TimeoutError` or
    a `ConnectionError` if that may pass.
    """
    try:
        yield
    except ExceptionGroup as errors:
        with _os_errors():
            raise errors.exceptions[0] from None
    except (EndpointConnectionError, HTTPClientError, BrokenAnswerError) as error:
        raise ConnectionError(errno.EIO, f"the bucket doesn't answer: {error}") from error
    except (BotoCoreError, ClientError) as error:
        raise OSError(errno.EIO, f"the bucket can't be used: {error}") from error
    except OSError as error:
        if error.errno in (errno.EBUSY, errno.EREMOTEIO):
            raise ConnectionError(error.errno, f"the bucket is in trouble: {error}") from error
        raise
