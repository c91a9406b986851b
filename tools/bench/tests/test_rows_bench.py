"""`make bench-rows` in its short form measures both sides and says what they should come to."""

import os
import subprocess
import sys

SHORT = ["--small", "--runs", "1", "--latency", "1", "--only", "parquet-1-group"]
FIGURES = 12


def test_the_short_form_measures_us_and_the_library(mongo_url: str) -> None:
    environment = os.environ | {"MONGO_URL": mongo_url}
    command = [sys.executable, "-m", "bench", "rows", *SHORT]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    lines = [line.split() for line in done.stdout.splitlines()]
    rows = {
        line[0]: [float(cell) for cell in line[1:]] for line in lines if len(line) == 1 + FIGURES and line[0] != "s"
    }
    assert list(rows) == ["parquet-1-group"]
    assert all(figure > 0 for figures in rows.values() for figure in figures)
    assert [line[-1] in ("met", "missed") for line in lines[-5:]] == [True] * 5
