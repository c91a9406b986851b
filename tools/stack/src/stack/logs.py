"""Where the output of the programs goes: a bounded file for each, and all of it, line by line, to the console."""

import contextlib
import os
import queue
import sys
import threading
from pathlib import Path

MAX_LOG_BYTES = 10_000_000
MAX_LINE_BYTES = 65_536
MAX_WAITING_LINES = 10_000
CHUNK_BYTES = 65_536


class RotatingLog:
    """A file of at most `max_bytes`, with the one before it beside it as `<name>.1`."""

    def __init__(self, path: Path, max_bytes: int = MAX_LOG_BYTES) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._max_bytes = max_bytes
        self._file = path.open("ab", buffering=0)

    def write(self, data: bytes) -> None:
        try:
            if self._file.tell() + len(data) > self._max_bytes:
                self.path.replace(self.path.with_name(self.path.name + ".1"))
                full, self._file = self._file, self.path.open("ab", buffering=0)
                full.close()
            self._file.write(data)
        except OSError:
            pass  # a full disk must not end the stack; the console still has the line

    def last_line(self) -> str:
        """The last line that isn't empty, or an empty string."""
        lines = [line for line in self.path.read_text(errors="replace").splitlines() if line.strip()]
        return lines[-1] if lines else ""

    def close(self) -> None:
        self._file.close()


class Console:
    """Standard output, written by a thread of its own: a terminal that stopped reading must not stop the stack.

    Lines that wait for it are bounded: beyond that they are dropped here, and still in the log files.
    """

    def __init__(self) -> None:
        self._lines: queue.Queue[bytes | None] = queue.Queue(MAX_WAITING_LINES)
        self._thread = threading.Thread(target=self._write_all, daemon=True)
        self._thread.start()

    def say(self, text: str) -> None:
        """A line of the stack itself."""
        self.print(text.encode())

    def print(self, line: bytes) -> None:
        with contextlib.suppress(queue.Full):
            self._lines.put_nowait(line)

    def close(self, seconds: float = 2.0) -> None:
        """Write what waits, for at most `seconds`."""
        try:
            self._lines.put(None, timeout=seconds)
        except queue.Full:
            return
        self._thread.join(seconds)

    def _write_all(self) -> None:
        descriptor = sys.stdout.fileno()
        readable = True
        while (line := self._lines.get()) is not None:
            if not readable:
                continue
            try:
                data = line + b"\n"
                while data:
                    data = data[os.write(descriptor, data) :]
            except OSError:  # nobody reads it any more: `make start | head`
                readable = False


class Output:
    """One run of a program: the reading end of its pipe, copied to its log and, line by line, to the console."""

    def __init__(self, name: str, descriptor: int, log: RotatingLog, console: Console) -> None:
        os.set_blocking(descriptor, False)
        self.descriptor = descriptor
        self._prefix = f"{name} | ".encode()
        self._log = log
        self._console = console
        self._rest = b""

    def copy(self) -> bool:
        """Copy what is there; False at the end of the pipe."""
        try:
            data = os.read(self.descriptor, CHUNK_BYTES)
        except BlockingIOError:
            return True
        self._log.write(data)
        *lines, self._rest = (self._rest + data).split(b"\n")
        if self._rest and (not data or len(self._rest) > MAX_LINE_BYTES):
            lines, self._rest = [*lines, self._rest], b""
        for line in lines:
            self._console.print(self._prefix + line)
        return bool(data)
