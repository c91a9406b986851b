"""What the same rows cost with the `datasets` library, in a fresh process with an empty cache."""

import json
import os
import subprocess
import sys
import tempfile

from bench.errors import BenchError
from bench.fresh_script import ROWS
from bench.local_hub import LocalHub
from bench.rows.cost import Cost
from bench.running_stack import RunningStack

_LIMIT_SECONDS = 900


def read(stack: RunningStack, hub: LocalHub, name: str) -> Cost:
    """Has the library read a dataset; see `bench.rows.reading`.

    Raises:
        BenchError: it can't.
    """
    before = hub.traffic_at_rest()
    with tempfile.TemporaryDirectory(dir=stack.data) as home:
        environment = {key: value for key, value in os.environ.items() if not key.startswith("HF_")} | {
            "HF_ENDPOINT": stack.hub,
            "HF_HOME": home,
            "HF_UPDATE_DOWNLOAD_COUNTS": "0",
            "HF_HUB_DISABLE_TELEMETRY": "1",
        }
        command = [sys.executable, "-m", "bench.rows.reading", name, str(ROWS)]
        try:
            done = subprocess.run(
                command, env=environment, capture_output=True, text=True, check=False, timeout=_LIMIT_SECONDS
            )
        except subprocess.TimeoutExpired:
            raise BenchError(f"the library did not read {name} in {_LIMIT_SECONDS} s") from None
    if done.returncode:
        raise BenchError(f"the library can't read {name}: {done.stderr}")
    measured = json.loads(done.stdout)
    return Cost.of(measured["seconds"], hub.traffic_at_rest() - before, measured["peak_bytes"])
