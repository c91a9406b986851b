"""Where the bytes of a media cell come from: the cell itself, or a file of the same dataset and nothing else."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from datasets import DownloadConfig, config
from datasets.utils.file_utils import xopen
from libcommon.errors import Fault

from reader.confinement import is_inside
from reader.disguise import POINTER_ADVICE, is_pointer
from reader.errors import translate
from reader.features.kinds import CellError
from reader.hub import RevisionGone
from reader.members import Members
from reader.snapshot import Snapshot

MAX_MEDIA_BYTES = 100_000_000


class MediaSource:
    """Reads media cells of the dataset under `root` (see `confinement.root_of`).

    `downloaded` is where the library put the dataset's files, when it could not stream them.
    """

    def __init__(self, root: str, snapshot: Snapshot | None, *, token: str | None, downloaded: Path) -> None:
        self._root = root
        self._dataset = root.partition("@")[0]
        self._members = Members(snapshot, token=token) if snapshot is not None else None
        self._config = DownloadConfig(token=token or False)
        self._downloaded = downloaded.resolve()

    def prefetch(self, paths: Iterable[str]) -> None:
        """Fetches files that are about to be read, where that saves time."""
        if self._members is None:
            return
        members = self._members
        try:
            urls = map(self._url_of, paths)
            members.prefetch(url for url in urls if is_inside(url, self._root) and members.knows(url))
        except Exception as error:
            # What is wrong with one of them is for its cell to tell.
            if isinstance(translated := translate(error, "StreamingRowsError"), RevisionGone):
                raise translated from error

    def read(self, value: Any) -> tuple[bytes, str | None]:
        """The bytes of a cell as `.decode(False)` gives it, and what the data calls the file.

        Raises:
            CellError: there are none, too many, or they lie where nothing is read from.
            CodedError: the Hub, or this machine, fails.
            RevisionGone: the file's revision is not on the Hub any more.
        """
        if isinstance(value, bytes):
            value = {"bytes": value}
        if not isinstance(value, dict):
            raise CellError("an object with bytes or a path was expected")
        data, path = value.get("bytes"), value.get("path")
        if data is None:
            if path is None:
                raise CellError("there are neither bytes nor a path")
            data = self._read_file(self._url_of(path))
        if len(data) > MAX_MEDIA_BYTES:
            raise CellError(f"a file of more than {MAX_MEDIA_BYTES} bytes")
        if is_pointer(data):
            raise CellError(POINTER_ADVICE)
        return data, path

    def _read_file(self, path: str) -> bytes:
        inside = is_inside(path, self._root)
        if not inside and not self._is_downloaded(path):
            raise CellError(
                "the file is not in the dataset, and nothing is fetched from elsewhere: put the file into the dataset "
                f"and name it {self._dataset}/ and its path, or put its bytes into the column"
            )
        try:
            # What is no member is read by its name: the library would take it for a pattern.
            if self._members is not None and inside and ("::" not in path or self._members.knows(path)):
                return self._members.read(path, MAX_MEDIA_BYTES + 1)
            with xopen(path, "rb", download_config=self._config) as file:
                data: bytes = file.read(MAX_MEDIA_BYTES + 1)
                return data
        except Exception as error:
            translated = translate(error, "StreamingRowsError")
            if isinstance(translated, RevisionGone) or translated.entry.fault is not Fault.DATA:
                raise translated from error
            raise CellError(f"{self._called(path)}: the file is missing or damaged") from error

    def _url_of(self, path: str) -> str:
        """The URL at this revision of what an author, who can't know the revision, names by one without it."""
        *members, file = path.split("::")
        addresses = f"{config.HF_ENDPOINT}/{self._dataset.removeprefix('hf://')}"
        for prefix in (f"{self._dataset}/", f"{self._dataset}@main/"):
            if file.startswith(prefix):
                return "::".join([*members, self._root + file.removeprefix(prefix)])
        for prefix in (f"{addresses}/resolve/main/", f"{addresses}/blob/main/"):
            if file.startswith(prefix):
                return "::".join([*members, self._root + unquote(file.removeprefix(prefix).partition("?")[0])])
        return path

    def _called(self, path: str) -> str:
        """A path as the dataset's author knows it."""
        if not is_inside(path, self._root):
            return "what was downloaded"
        *members, file = path.split("::")
        return " in ".join([*(member.partition("://")[2] for member in members), file.removeprefix(self._root)])

    def _is_downloaded(self, path: str) -> bool:
        return "://" not in path and "::" not in path and Path(path).resolve().is_relative_to(self._downloaded)
