"""The log line of each request: written by a thread, many at a time, since whoever reads the log may be slow."""

import os
import sys
import threading
import time
from collections import deque
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import orjson

_GATHERING_SECONDS = 0.02
# What may wait to be written; more is counted and left out.
_MAX_LINES = 50_000
_CLOSING_SECONDS = 2.0


class AccessLog:
    """Lines of JSON on stderr, in the form of the other log lines."""

    def __init__(self) -> None:
        self._lines: deque[bytes] = deque()
        self._lost = 0
        self._closed = False
        self._some = threading.Event()
        self._thread = threading.Thread(target=self._run, name="access log", daemon=True)
        self._thread.start()

    def note(self, fields: dict[str, Any]) -> None:
        """Adds a line. It never waits and never fails."""
        if len(self._lines) >= _MAX_LINES:
            self._lost += 1
            return
        self._lines.append(_line("request", **fields))
        # To set it again costs as much as the rest.
        if not self._some.is_set():
            self._some.set()

    def close(self) -> None:
        """Writes what is left, and ends."""
        self._closed = True
        self._some.set()
        self._thread.join(_CLOSING_SECONDS)

    def _run(self) -> None:
        while not self._closed:
            self._some.wait()
            if not self._closed:
                time.sleep(_GATHERING_SECONDS)
            self._some.clear()
            lines = [self._lines.popleft() for _ in range(len(self._lines))]
            if self._lost:
                lost, self._lost = self._lost, 0
                lines.append(_line("request_lines_lost", lines=lost))
            _write(b"".join(lines))


def _line(action: str, **fields: Any) -> bytes:
    return orjson.dumps(
        {
            "service": "api",
            "action": action,
            **fields,
            "event": action,
            "level": "info",
            "timestamp": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
        },
        option=orjson.OPT_APPEND_NEWLINE,
    )


def _write(data: bytes) -> None:
    # A full disk behind stderr loses lines; it doesn't stop the service.
    with suppress(OSError):
        while data:
            data = data[os.write(sys.stderr.fileno(), data) :]
