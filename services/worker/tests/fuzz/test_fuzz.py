"""The search finds what is wrong, lives through it, is the same again, and finds nothing in the readers."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[4]


def fuzz(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "services.worker.tests.fuzz", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    print(done.stdout, done.stderr)
    return done


def found_in(folder: Path) -> dict[str, Path]:
    """Each finding's folder by what is wrong."""
    return {(finding / "trouble").read_text().splitlines()[0]: finding for finding in folder.iterdir()}


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> tuple[int, Path]:
    """The exit code, and the folder with what was found, of a search in a reader with bugs."""
    folder = tmp_path_factory.mktemp("found")
    return fuzz("--target", "planted", "--seed", "2", "--rounds", "3", "--found", str(folder)).returncode, folder


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> subprocess.CompletedProcess[str]:
    """A search with a few inputs of each target."""
    return fuzz("--seed", "1", "--inputs", "6", "--found", str(tmp_path_factory.mktemp("found")))


def test_a_few_inputs_of_each_target_find_nothing(short: subprocess.CompletedProcess[str]) -> None:
    assert short.returncode == 0
    assert len(re.findall(r"round 0: 6 inputs", short.stdout)) == 12


def test_a_seed_gives_the_same_inputs_again_and_each_round_others(short: subprocess.CompletedProcess[str]) -> None:
    again = fuzz("--seed", "1", "--inputs", "6", "--target", "sounds", "--rounds", "2").stdout
    first, second = re.findall(r"sounds.*\((\w+)\)", again)
    assert first in short.stdout
    assert second not in short.stdout


def test_an_exception_a_killed_process_and_an_endless_loop_are_found(planted: tuple[int, Path]) -> None:
    code, folder = planted
    assert code == 1
    assert set(found_in(folder)) == {
        "LookupError planted.py:check",
        "the process dies of SIGSEGV",
        "takes too long (SIGXCPU)",
    }


def test_what_is_found_is_small_and_is_found_again_by_itself(planted: tuple[int, Path]) -> None:
    finding = found_in(planted[1])["the process dies of SIGSEGV"]
    assert len((finding / "files" / "x").read_bytes()) < 100
    again = fuzz("--repeat", str(finding))
    assert again.returncode == 1
    assert "SIGSEGV" in again.stdout
