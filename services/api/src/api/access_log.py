"""The log line of each request, in the form of the other log lines."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import NamedTuple

import orjson

from api.log_writer import LogWriter
from api.tracing import Origin

_MAX_METHOD = 20
_MAX_PATH = 300


class Answered(NamedTuple):
    """A request that has its answer: when that was, in seconds since 1970, what was sent, how many seconds it took."""

    at: float
    method: str
    path: str
    route: str
    status: int
    code: str | None
    sent_bytes: int
    seconds: float
    origin: Origin


class AccessLog:
    """Lines of JSON for a writer, without the library's way of making them, which takes longer than a short answer."""

    def __init__(self, writer: LogWriter) -> None:
        self._writer = writer

    def note(self, requests: Iterable[Answered]) -> None:
        """Adds a line for each."""
        for request in requests:
            self._writer.add(_line(request))


def _line(request: Answered) -> bytes:
    line = {
        "service": "api",
        "action": "request",
        "method": request.method[:_MAX_METHOD],
        "path": request.path[:_MAX_PATH],
        "route": request.route,
        "status": request.status,
        "code": request.code,
        "bytes": request.sent_bytes,
        "seconds": round(request.seconds, 4),
        **request.origin.labels,
        "event": "request",
        "level": "info",
        "timestamp": datetime.fromtimestamp(request.at, UTC),
    }
    return orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z)
