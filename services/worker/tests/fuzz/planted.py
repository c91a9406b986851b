"""A reader with one bug of each sort, to see that they are found."""

import os
import signal

from services.worker.tests.corpus.case import Files

NAME = "planted"
SEEDS: list[Files] = [{"x": b"abcdefgh" * 4}]


class Planted:
    """Goes wrong over bytes that no seed has."""

    def check(self, files: Files) -> str:
        """ "nothing", unless it goes wrong."""
        data = files["x"]
        if b"\xff" in data:
            raise LookupError("of the planted bug")
        if b"\x00" in data:
            os.kill(os.getpid(), signal.SIGSEGV)
        while b"\n" in data:
            pass
        return "nothing"
