"""The Hub inside of the process under test: it has one dataset at one revision, and nothing else."""

import re
from collections.abc import Mapping
from hashlib import sha256
from urllib.parse import unquote

import httpx2
from huggingface_hub.hf_api import RepoSibling
from reader.hub import Observation

ENDPOINT = "http://hub.invalid"
DATASET = "fuzz/x"
_RANGE = re.compile(r"bytes=(\d+)-(\d*)")


class Hub:
    """Serves the files of one input after another. What is asked of other hosts is listed in `strange`."""

    def __init__(self) -> None:
        self._files: Mapping[str, bytes] = {}
        self.revision = ""
        self.strange: list[str] = []

    def serve(self, files: Mapping[str, bytes]) -> None:
        """From now on the dataset has these, and a revision of its own, for the libraries remember those they saw."""
        self._files = files
        self.revision = sha256(repr(sorted(files.items())).encode()).hexdigest()[:40]
        self.strange.clear()

    def install(self) -> None:
        """From now on each request that this process sends by httpx2 is answered here."""
        answer = self._answer

        def handle_request(self: httpx2.HTTPTransport, request: httpx2.Request) -> httpx2.Response:
            return answer(request)

        httpx2.HTTPTransport.handle_request = handle_request  # type: ignore[method-assign]

    def has(self, path: str) -> bool:
        """Whether there is such a file now."""
        return path in self._files

    def observation(self) -> Observation:
        """The dataset as the Hub shows it."""
        siblings = [
            RepoSibling(rfilename=path, size=len(data), blob_id=sha256(data).hexdigest())
            for path, data in self._files.items()
        ]
        return Observation("public", self.revision, files=tuple(siblings))

    def _answer(self, request: httpx2.Request) -> httpx2.Response:
        path = request.url.raw_path.decode("ascii").partition("?")[0]
        resolve = f"/datasets/{DATASET}/resolve/{self.revision}/"
        file = unquote(path.removeprefix(resolve))
        if request.url.host != httpx2.URL(ENDPOINT).host:
            self.strange.append(str(request.url))
        if not path.startswith(resolve) or file not in self._files:
            return httpx2.Response(404, headers={"X-Error-Code": "EntryNotFound", "X-Repo-Commit": self.revision})
        content = self._files[file]
        headers = {"X-Repo-Commit": self.revision, "ETag": f'"{sha256(content).hexdigest()}"', "Accept-Ranges": "bytes"}
        wanted = _RANGE.fullmatch(request.headers.get("Range", ""))
        if wanted is None:
            return httpx2.Response(200, headers=headers, stream=httpx2.ByteStream(content))
        begin, end = int(wanted[1]), int(wanted[2]) + 1 if wanted[2] else len(content)
        if begin >= len(content):
            return httpx2.Response(416, headers=headers)
        part = content[begin:end]
        headers["Content-Range"] = f"bytes {begin}-{begin + len(part) - 1}/{len(content)}"
        return httpx2.Response(206, headers=headers, stream=httpx2.ByteStream(part))
