"""Whose memory `bench api` looks at."""

import os
import subprocess
import sys

from bench.api.residence import resident_bytes

# It says so when the bytes are there, and ends when its stdin does.
SCRIPT = "import sys; held = bytearray(100_000_000); print(flush=True); sys.stdin.read()"


def test_the_memory_of_a_process_is_that_of_its_children_too() -> None:
    before = resident_bytes(os.getpid())
    with subprocess.Popen([sys.executable, "-c", SCRIPT], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stdin is not None
        child.stdout.readline()
        alone, together = resident_bytes(child.pid), resident_bytes(os.getpid())
        child.stdin.close()
    assert alone > 100_000_000
    assert together > before + 90_000_000
