"""The system holds under random trouble, and what looks for that finds what is broken."""

import os
import subprocess
import sys
from pathlib import Path

import pytest


def chaos(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "chaos", *arguments]
    done = subprocess.run(command, env={**os.environ, **settings}, capture_output=True, text=True, check=False)
    print(done.stdout, done.stderr)
    return done


@pytest.mark.timeout(600)
def test_everything_holds_while_processes_are_killed_stopped_and_told_to_end() -> None:
    assert chaos("--seconds", "10", "--datasets", "12").returncode == 0


@pytest.mark.timeout(600)
def test_without_fences_a_child_outlives_its_lease_and_an_old_answer_replaces_a_newer_one(tmp_path: Path) -> None:
    keep = ["--keep", str(tmp_path / "run")]
    # What it is to find is made after the trouble, which therefore can be short.
    done = chaos("--seconds", "1", "--datasets", "4", "--seed", "1", *keep, CHAOS_UNFENCED="1")
    assert done.returncode == 1
    assert "twice at once: splits worst/splits" in done.stdout
    assert "worst/splits default train: rows of version" in done.stdout
