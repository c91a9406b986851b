"""Imported by every Python that has this folder on its path, before anything else: tells what blocks an event loop.

Each kind of it is one line on stderr that begins with `BLOCKED`: a file or folder that the loop's thread opens, a name
that it looks up, and what it is found doing, when it is looked at a thousand times a second, in code that waits. What
was told once is told again after SIGUSR2 only.
"""

import asyncio
import signal
import sys
import threading
import time
from types import FrameType

_EVENTS = ("open", "os.listdir", "os.scandir", "socket.getaddrinfo", "subprocess.Popen", "time.sleep", "shutil.rmtree")
_WAITING = ("/pymongo/synchronous/", "/libqueue/", "/urllib/request.py", "/http/client.py")
_told: set[str] = set()


def _tell(what: str) -> None:
    if what not in _told:
        _told.add(what)
        sys.stderr.write(f"BLOCKED {what}\n")


def _hook(event: str, arguments: tuple[object, ...]) -> None:
    if event in _EVENTS and threading.current_thread() is threading.main_thread():
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return
        _tell(f"by {event} {arguments[:1]}")


def _watch() -> None:
    while True:
        time.sleep(0.001)
        frame: FrameType | None = sys._current_frames().get(threading.main_thread().ident or 0)
        files = []
        while frame is not None:
            files.append(frame.f_code.co_filename)
            frame = frame.f_back
        if any(file.endswith("/asyncio/runners.py") for file in files):
            for file in files:
                if any(part in file for part in _WAITING):
                    _tell(f"in {file}")


signal.signal(signal.SIGUSR2, lambda *_: _told.clear())
sys.addaudithook(_hook)
threading.Thread(target=_watch, daemon=True).start()
