"""A fresh `python -c` that streams the first rows of a dataset: what somebody who wants to see them would run."""

import os
import subprocess
import sys
import time

from bench.errors import BenchError
from bench.running_stack import RunningStack

ROWS = 100
_SCRIPT = """
import itertools, datasets
datasets.config.USE_PARQUET_EXPORT = False
rows = datasets.load_dataset({name!r}, split="train", streaming=True)
assert len(list(itertools.islice(rows, {rows}))) == {rows}
"""


def fresh_script(stack: RunningStack, name: str) -> float:
    """Runs one; returns the seconds of its whole process.

    Raises:
        BenchError: it can't read the rows.
    """
    environment = os.environ | {
        "HF_ENDPOINT": stack.hub,
        "HF_HOME": str(stack.data / "script"),
        "HF_UPDATE_DOWNLOAD_COUNTS": "0",
    }
    begun = time.monotonic()
    command = [sys.executable, "-c", _SCRIPT.format(name=name, rows=ROWS)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    seconds = time.monotonic() - begun
    if done.returncode:
        raise BenchError(f"a script can't read {name}: {done.stderr}")
    return seconds
