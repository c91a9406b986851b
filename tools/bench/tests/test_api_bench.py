"""`make bench-api` in its short form measures every case beside its ceilings and says what they should come to."""

import os
import subprocess
import sys

from bench.api.cases import NAMES

SHORT = ["--connections", "2", "--processes", "1", "--seconds", "0.05", "--runs", "1", "--requests", "100"]


def test_the_short_form_measures_the_api_and_its_ceilings(mongo_url: str) -> None:
    environment = os.environ | {"MONGO_URL": mongo_url}
    command = [sys.executable, "-m", "bench", "api", *SHORT]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    lines = [line.split() for line in done.stdout.splitlines()]
    rows = [line for line in lines if line[:1] and line[0] in NAMES]
    assert [line[0] for line in rows] == [*NAMES, *NAMES]
    assert all(float(line[4]) > 0 for line in rows)
    assert [line[-1] in ("met", "missed") for line in lines[-6:]] == [True] * 6
