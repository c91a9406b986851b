"""Log lines are written by a thread, many at a time: whoever reads the log may be slow, and the event loop never is."""

import os
import sys
import threading
import time
from collections import deque
from contextlib import suppress

import orjson

_GATHERING_SECONDS = 0.02
# What may wait to be written; more is counted and left out.
_MAX_LINES = 50_000
_CLOSING_SECONDS = 2.0
# Up to this size a write to a pipe is whole, so that lines of several processes are not mixed: `PIPE_BUF`, POSIX.
_WHOLE_BYTES = 4_096


class LogWriter:
    """Writes lines to stderr. As a text stream it takes one line a call."""

    def __init__(self) -> None:
        self._lines: deque[bytes] = deque()
        self._lost = 0
        self._closed = False
        self._some = threading.Event()
        self._thread = threading.Thread(target=self._run, name="log writer", daemon=True)
        self._thread.start()

    def add(self, line: bytes) -> None:
        """Adds a line, with its end. It never waits and never fails."""
        if len(self._lines) >= _MAX_LINES:
            self._lost += 1
            return
        self._lines.append(line)
        # To set it again costs as much as the rest.
        if not self._some.is_set():
            self._some.set()

    def write(self, text: str) -> int:
        """See `typing.TextIO`."""
        self.add(text.encode())
        return len(text)

    def flush(self) -> None:
        """See `typing.TextIO`; nothing has to be done."""

    def close(self) -> None:
        """Writes what is left, if it can be written soon, and ends."""
        self._closed = True
        self._some.set()
        self._thread.join(_CLOSING_SECONDS)

    def _run(self) -> None:
        while not self._closed or self._lines:
            self._some.wait()
            if not self._closed:
                time.sleep(_GATHERING_SECONDS)
            self._some.clear()
            if self._lost:
                lost, self._lost = self._lost, 0
                told = {
                    "service": "api",
                    "action": "lines_lost",
                    "event": "lines lost",
                    "lines": lost,
                    "level": "warning",
                }
                self._lines.append(orjson.dumps(told, option=orjson.OPT_APPEND_NEWLINE))
            self._write_all()

    def _write_all(self) -> None:
        batch = b""
        for _ in range(len(self._lines)):
            line = self._lines.popleft()
            if batch and len(batch) + len(line) > _WHOLE_BYTES:
                _write(batch)
                batch = b""
            batch += line
        _write(batch)


def _write(data: bytes) -> None:
    # A full disk behind stderr loses lines; it doesn't stop the service.
    with suppress(OSError):
        while data:
            data = data[os.write(sys.stderr.fileno(), data) :]
