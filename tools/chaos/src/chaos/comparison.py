"""Whether two apis answer the same: one behind the trouble, one whose station never saw any."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx2

from chaos.asking import ME, asker

_ATTEMPT = re.compile(rb"(/assets/[^\"]*?/--/)[0-9]+/[0-9]+/")
_SIGNATURE = re.compile(rb"\?expires=[0-9]+&signature=[A-Za-z0-9_-]+")
_ASSET = re.compile(rb"\"(/assets/[^\"]+)\"")
_EXCERPT = 300


@dataclass(frozen=True)
class Answer:
    """What counts of an answer."""

    status: int
    code: str | None
    stale: bool
    body: bytes

    @classmethod
    def of(cls, response: httpx2.Response) -> "Answer":
        """The answer in a response; which attempt its assets are of doesn't count, nor who signed their URLs when."""
        headers = response.headers
        body = _SIGNATURE.sub(b"", _ATTEMPT.sub(rb"\1*/", response.content))
        return cls(response.status_code, headers.get("X-Error-Code"), "X-Cache" in headers, body)

    def __str__(self) -> str:
        stale = ", stale" if self.stale else ""
        return f"{self.status} {self.code or ''}{stale} {self.body[:_EXCERPT]!r}"


class Comparison:
    """The two, and what was found different."""

    def __init__(self, troubled_url: str, clean_url: str) -> None:
        self._troubled = asker(troubled_url, 30)
        self._clean = asker(clean_url, 30)
        self.compared = 0
        self.different: list[str] = []

    def compare(self, path: str, parameters: dict[str, str], headers: dict[str, str] | None = None) -> None:
        """Ask both the same, for the assets that the answer names too."""
        headers = ME if headers is None else headers
        troubled = self._troubled.get(path, params=parameters, headers=headers)
        clean = self._clean.get(path, params=parameters, headers=headers)
        self.compared += 1
        if Answer.of(troubled) != Answer.of(clean):
            question = " ".join([path, *parameters.values(), "" if headers else "(as nobody)"]).strip()
            self.different.append(f"{question}:\n  is        {Answer.of(troubled)}\n  should be {Answer.of(clean)}")
            return
        for of_troubled, of_clean in zip(_assets(troubled), _assets(clean), strict=True):
            self.compare_assets(of_troubled, of_clean, headers)

    def compare_assets(self, of_troubled: str, of_clean: str, headers: dict[str, str]) -> None:
        """Get both files."""
        troubled, clean = (
            self._troubled.get(of_troubled, headers=headers),
            self._clean.get(of_clean, headers=headers),
        )
        self.compared += 1
        if troubled.status_code != 200 or troubled.content != clean.content:
            self.different.append(f"{of_troubled}: {troubled.status_code}, should be as {of_clean}")

    def rows(self, dataset: str, config: str, split: str) -> list[dict[str, Any]] | None:
        """The rows that the troubled one gives, if it gives any."""
        parameters = {"dataset": dataset, "config": config, "split": split}
        answer = self._troubled.get("/first-rows", params=parameters, headers=ME)
        return [row["row"] for row in answer.json()["rows"]] if answer.status_code == 200 else None


def _assets(response: httpx2.Response) -> Iterator[str]:
    for match in _ASSET.finditer(response.content):
        yield match[1].decode()
