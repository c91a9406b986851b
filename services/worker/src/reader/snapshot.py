"""What is known of one revision: its files with their sizes. It answers what libraries ask the Hub about them.

The libraries ask for the same few facts again and again: whether the revision exists, what a folder holds, whether
there is a `dataset_infos.json`. One `dataset_info` tells all of it. Source of the requests and of the answers' forms:
the Hub's HTTP API, as `huggingface_hub` uses it.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from posixpath import dirname
from typing import Any
from urllib.parse import unquote

import httpx2

from reader import card
from reader.confinement import root_of
from reader.hub import Observation

# Of a longer list the Hub may leave out some: it is known to above 50,000 files.
MAX_FILES = 20_000


@dataclass(frozen=True)
class Snapshot:
    """A revision of a dataset: the size in bytes of each file by path, and the bytes of README.md where they are known.

    `revision` is 40 hex digits.
    """

    dataset: str
    revision: str
    sizes: Mapping[str, int]
    readme: bytes | None = field(default=None, repr=False)

    @property
    def root(self) -> str:
        """The URL that the libraries' names of its files start with."""
        return root_of(self.dataset, self.revision)

    def paths_of(self, urls: Iterable[str]) -> list[str] | None:
        """The paths of files that the libraries name so; None unless all of them are there."""
        paths = [url.removeprefix(self.root) for url in urls]
        return paths if all(path in self.sizes for path in paths) else None

    def file_of(self, path: str) -> str | None:
        """The file that a URL's raw path below the endpoint resolves to, if it is one of this revision's URLs."""
        prefix = f"/datasets/{self.dataset}/resolve/{self.revision}/"
        return unquote(path.removeprefix(prefix)) if path.startswith(prefix) else None

    def answer(self, method: str, path: str, query: Mapping[str, str]) -> httpx2.Response | None:
        """The answer to a request for a raw path below the endpoint; None where only the Hub knows it."""
        file = self.file_of(path)
        if file is not None:
            return self._answer_file(method, file)
        base = f"/api/datasets/{self.dataset}"
        if method != "GET":
            return None
        if path == f"{base}/revision/{self.revision}":
            return httpx2.Response(200, json={"id": self.dataset, "sha": self.revision, "siblings": []})
        if path == f"{base}/tree/{self.revision}" or path.startswith(f"{base}/tree/{self.revision}/"):
            folder = unquote(path.removeprefix(f"{base}/tree/{self.revision}")).strip("/")
            return (
                None if query.get("expand") == "true" else self._answer_tree(folder, query.get("recursive") == "true")
            )
        return None

    def _answer_file(self, method: str, file: str) -> httpx2.Response | None:
        headers = {"X-Repo-Commit": self.revision, "Accept-Ranges": "bytes"}
        if file not in self.sizes:
            return self._no_entry()
        # Caches of the libraries name files by it, for all revisions.
        headers["ETag"] = f'"{hashlib.sha256(f"{self.revision}/{file}".encode()).hexdigest()}"'
        if file == card.NAME and self.readme is not None:
            return httpx2.Response(200, headers=headers, content=self.readme)
        if method == "HEAD":
            return httpx2.Response(200, headers={**headers, "Content-Length": str(self.sizes[file])})
        return None

    def _answer_tree(self, folder: str, recursive: bool) -> httpx2.Response:
        if folder not in self._folders:
            return self._no_entry()
        found: list[dict[str, Any]] = []
        waiting = [folder]
        while waiting:
            for entry in self._folders[waiting.pop(0)]:
                found.append(entry)
                if recursive and entry["type"] == "directory":
                    waiting.append(entry["path"])
        return httpx2.Response(200, json=sorted(found, key=lambda entry: str(entry["path"])))

    def _no_entry(self) -> httpx2.Response:
        headers = {"X-Repo-Commit": self.revision, "X-Error-Code": "EntryNotFound"}
        return httpx2.Response(404, headers=headers, json={"error": "Entry not found"})

    @cached_property
    def _folders(self) -> dict[str, list[dict[str, Any]]]:
        """What is directly in each folder, as the Hub's tree lists it; the root is the empty path."""
        folders: dict[str, list[dict[str, Any]]] = {"": []}

        def made(folder: str) -> list[dict[str, Any]]:
            if folder not in folders:
                folders[folder] = []
                entry = {"type": "directory", "oid": self.revision, "size": 0, "path": folder}
                made(dirname(folder)).append(entry)
            return folders[folder]

        for path, size in self.sizes.items():
            made(dirname(path)).append({"type": "file", "oid": self.revision, "size": size, "path": path})
        return folders


def snapshot_of(dataset: str, seen: Observation, readme: bytes | None = None) -> Snapshot | None:
    """What was seen with its files; None where that may not be all of them."""
    sizes = {file.rfilename: file.size for file in seen.files}
    known = {path: size for path, size in sizes.items() if size is not None}
    if seen.revision is None or not 0 < len(sizes) <= MAX_FILES or len(known) < len(sizes):
        return None
    return Snapshot(dataset, seen.revision, known, readme)
