"""`make bench-queue` in its short form measures each part and says what it should come to."""

import os
import subprocess
import sys

SHORT = ["--jobs", "500", "--processes", "1,2", "--seconds", "0.2", "--samples", "1", "--crowd", "200"]


def test_the_short_form_measures_claims_latency_and_fairness(mongo_url: str) -> None:
    environment = os.environ | {"MONGO_URL": mongo_url}
    command = [sys.executable, "-m", "bench", "queue", *SHORT]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    lines = [line.split() for line in done.stdout.splitlines()]
    assert [line[:2] for line in lines if line[:1] == ["500"]] == [["500", "1"], ["500", "2"]]
    assert [line[:2] for line in lines if line[1:2] in (["idle,"], ["busy"])] == [
        ["1", "idle,"],
        ["1", "idle,"],
        ["2", "idle,"],
        ["2", "idle,"],
        ["2", "busy"],
    ]
    assert "100 of the 100 started" in done.stdout
    assert [line[-1] in ("met", "missed") for line in lines[-4:]] == [True] * 4
