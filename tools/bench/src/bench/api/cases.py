"""What is asked for, and what is aimed at in each case."""

import gzip
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any
from urllib.parse import urlencode, urlsplit

from bench.api.exchange import Answer, Exchange, ask, request
from bench.api.published import IMAGE, PRIVATE_IMAGES, ROWS, TEXTS
from bench.errors import BenchError

NAMES = (
    "splits",
    "rows-10k",
    "rows-200k",
    "rows-200k-identity",
    "rows-1m",
    "not-modified",
    "not-found",
    "asset",
    "signed",
)
_SMALL, _LARGE, _READ = 0.5, 0.8, 0.7
_SPLIT = MappingProxyType({"config": "default", "split": "train"})
_GZIP = MappingProxyType({"Accept-Encoding": "gzip"})
_AS_ME = MappingProxyType({"Authorization": "Bearer hf_me"})
# Signatures change with time, and don't compress to the same number of bytes.
_SIGNED_SLACK = 0.05
_SIZE_SLACK = 0.05
_LIMIT_SECONDS = 120.0
_POLL_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Case:
    """A request. `document` is the filter of the one stored answer that it comes from, None where that isn't all.

    `of_memory` and `of_pairs` are the least shares of the ceilings that are aimed at; the body's length may differ by
    the share `slack` from time to time.
    """

    name: str
    request: bytes
    status: int = 200
    document: Mapping[str, Any] | None = None
    of_memory: float | None = None
    of_pairs: float | None = None
    slack: float = 0.0

    def exchange(self, answer: Answer) -> Exchange:
        """The request, and what must come back: what came once.

        Raises:
            BenchError: it isn't what the case is about.
        """
        if answer.status != self.status:
            raise BenchError(f"{self.name} is answered {answer.status}, not {self.status}: {answer.body[:300]!r}")
        size = len(answer.body)
        return Exchange(self.name, self.request, self.status, size, round(self.slack * size))


def cases(port: int) -> list[Case]:
    """All of them, once the api at that port has the answers.

    Raises:
        BenchError: an answer doesn't come, or isn't what was to be measured.
    """
    small, middle, large = TEXTS
    found = [_splits(small)]
    found += [
        _rows("rows-10k", small, of_memory=_SMALL, of_pairs=_READ),
        _rows("rows-200k", middle, of_memory=_LARGE, of_pairs=_READ),
        replace(_rows("rows-200k-identity", middle, {"Accept-Encoding": "identity"}), document=None),
        _rows("rows-1m", large, of_pairs=_READ),
    ]
    signed = _rows("signed", PRIVATE_IMAGES, {**_GZIP, **_AS_ME}, slack=_SIGNED_SLACK)
    whole = {case.name: _waited_for(port, case.request) for case in (*found, signed)}
    for name, dataset in (("rows-10k", small), ("rows-200k", middle), ("rows-1m", large)):
        _check_size(name, whole[name], TEXTS[dataset])
    etag = whole["rows-10k"].header("etag")
    if etag is None:
        raise BenchError("/first-rows has no ETag")
    to_compare = {**_GZIP, "If-None-Match": etag}
    found.append(_rows("not-modified", small, to_compare, status=304, of_memory=_SMALL, of_pairs=_READ))
    missing = {"dataset": small, "config": "missing", "split": "train"}
    found.append(Case("not-found", request("not-found", f"/first-rows?{urlencode(missing)}", _GZIP), status=404))
    return [*found, _asset(port), signed]


def _splits(dataset: str) -> Case:
    document = {"kind": "splits", "dataset": dataset, "config": None, "split": None}
    sent = request("splits", f"/splits?{urlencode({'dataset': dataset})}", _GZIP)
    return Case("splits", sent, document=document, of_memory=_SMALL, of_pairs=_READ)


def _rows(name: str, dataset: str, headers: Mapping[str, str] = _GZIP, **more: Any) -> Case:
    where = {"dataset": dataset, **_SPLIT}
    sent = request(name, f"/first-rows?{urlencode(where)}", headers)
    return Case(name, sent, document={"kind": "first-rows", **where}, **more)


def _asset(port: int) -> Case:
    rows = _waited_for(port, _rows("image", IMAGE, {}).request)
    url = urlsplit(json.loads(rows.body)["rows"][0]["row"]["image"]["src"])
    return Case("asset", request("asset", f"{url.path}?{url.query}" if url.query else url.path, _GZIP))


def _waited_for(port: int, sent: bytes) -> Answer:
    deadline = time.monotonic() + _LIMIT_SECONDS
    while (answer := ask(port, sent)).status != 200:
        if time.monotonic() > deadline:
            raise BenchError(f"{sent.split()[1].decode()} is still answered {answer.status}: {answer.body[:300]!r}")
        time.sleep(_POLL_SECONDS)
    return answer


def _check_size(name: str, answer: Answer, size: int) -> None:
    body = gzip.decompress(answer.body)
    rows: Sequence[Any] = json.loads(body)["rows"]
    if len(rows) != ROWS or any(row["truncated_cells"] for row in rows) or abs(len(body) / size - 1) > _SIZE_SLACK:
        raise BenchError(f"{name} has {len(rows)} rows in {len(body):,} bytes, or cells that are cut")
