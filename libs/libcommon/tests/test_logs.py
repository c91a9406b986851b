"""What a process writes to its log."""

import json
import socket
import subprocess
import sys

_LOGGER = """
import logging, structlog
from libcommon.logs import configure_logging
configure_logging("tests")
log = structlog.get_logger()
log.info("one")
logging.getLogger("a library").warning("two")
try:
    1 / 0
except ZeroDivisionError:
    log.exception("three")
"""


def test_a_line_is_one_write_so_that_no_other_writer_s_line_comes_in_between() -> None:
    # Each write to such a socket is a message of its own.
    ours, its_stderr = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with ours, its_stderr:
        command = [sys.executable, "-u", "-c", _LOGGER]
        subprocess.run(command, stderr=its_stderr.fileno(), check=True, timeout=60)
        ours.setblocking(False)
        lines = [ours.recv(65_536) for _ in range(3)]
    assert all(line.endswith(b"\n") for line in lines)
    assert [json.loads(line)["event"] for line in lines] == ["one", "two", "three"]
