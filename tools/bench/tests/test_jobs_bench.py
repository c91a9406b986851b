"""`make bench-jobs` with a few datasets measures the worker and the processes."""

import os
import subprocess
import sys


def test_it_measures_a_worker_and_fresh_processes(mongo_url: str) -> None:
    environment = os.environ | {"MONGO_URL": mongo_url}
    command = [sys.executable, "-m", "bench", "jobs", "--datasets", "2"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "each of 2 CSV datasets" in done.stdout
    rates = {line[:-5].strip(): float(line[-5:]) for line in done.stdout.splitlines()[2:4]}
    assert list(rates) == ["one worker", "fresh `python -c`"]
    assert all(rate > 0 for rate in rates.values())
    assert done.stdout.splitlines()[-1].endswith(("met", "missed"))
