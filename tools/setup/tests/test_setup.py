"""The real scripts in a small tree of their own, with a poetry that only notes how it was called."""

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

SETUP = Path(__file__).resolve().parents[1]
LIMIT_SECONDS = 60.0

POETRY = """
import os, pathlib, sys, time
with open("calls", "a") as calls:
    print(os.environ["POETRY_PYPI_MIRROR_URL"], os.environ["VIRTUAL_ENV"], *sys.argv[1:], file=calls)
while pathlib.Path("wait").exists():
    time.sleep(0.02)
if pathlib.Path("fail").exists():
    sys.exit("the lock file is out of date")
"""


class Tree:
    """A checkout with nothing in it but what the set-up looks at."""

    def __init__(self, root: Path) -> None:
        self.root = root
        folder = root / "tools" / "setup"
        folder.mkdir(parents=True)
        for name in ("run", "setup.py"):
            shutil.copy(SETUP / name, folder)
        wheel = root / "poetry-0-py3-none-any.whl"
        with zipfile.ZipFile(wheel, "w") as archive:
            archive.writestr("poetry/__init__.py", "")
            archive.writestr("poetry/__main__.py", POETRY)
            archive.writestr("poetry-0.dist-info/METADATA", "Metadata-Version: 2.1\nName: poetry\nVersion: 0\n")
            archive.writestr(
                "poetry-0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
            )
            archive.writestr("poetry-0.dist-info/RECORD", "")
        digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
        (folder / "requirements.txt").write_text(f"poetry @ {wheel.as_uri()} --hash=sha256:{digest}\n")
        (root / "pyproject.toml").touch()
        self.change_lock()

    def change_lock(self) -> None:
        (self.root / "poetry.lock").write_text(str(time.monotonic_ns()))

    def start(self, **variables: str) -> subprocess.Popen[str]:
        environment = {**os.environ, "PYTHON": sys.executable, **variables}
        return subprocess.Popen(
            [self.root / "tools" / "setup" / "run"],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def set_up(self, **variables: str) -> tuple[int, str]:
        """The exit code and what was printed."""
        process = self.start(**variables)
        printed, _ = process.communicate(timeout=LIMIT_SECONDS)
        return process.returncode, printed

    def calls(self) -> list[str]:
        """How poetry was called, since the last time this was asked."""
        path = self.root / "calls"
        lines = path.read_text().splitlines() if path.exists() else []
        path.unlink(missing_ok=True)
        return lines


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Tree:
    return Tree(tmp_path_factory.mktemp("checkout"))


@pytest.fixture
def tree(made: Tree) -> Tree:
    """It is set up."""
    code, printed = made.set_up()
    assert code == 0, printed
    made.calls()
    return made


def wait_for(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + LIMIT_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_second_set_up_does_nothing_and_says_nothing(tree: Tree) -> None:
    assert tree.set_up() == (0, "")
    assert tree.calls() == []


def test_a_changed_lock_file_updates_the_same_environment(tree: Tree) -> None:
    installed = tree.root / ".venv" / "installed"
    installed.touch()
    tree.change_lock()
    code, printed = tree.set_up(PIP_INDEX_URL="https://index.example/simple")
    assert (code, printed.splitlines()[0]) == (0, "setup: installing what poetry.lock says into .venv")
    assert tree.calls() == [f"https://index.example/simple {tree.root}/.venv sync --compile --no-interaction --no-ansi"]
    assert installed.exists()
    subprocess.run([tree.root / ".venv" / "bin" / "python", "-c", ""], check=True)


def test_the_index_that_the_user_names_for_poetry_is_used(tree: Tree) -> None:
    tree.change_lock()
    tree.set_up(PIP_INDEX_URL="https://index.example/simple", POETRY_PYPI_MIRROR_URL="https://mirror.example/simple")
    assert [call.split()[0] for call in tree.calls()] == ["https://mirror.example/simple"]


def test_without_a_named_index_it_is_the_one_that_pip_uses(tree: Tree, tmp_path: Path) -> None:
    tree.change_lock()
    configuration = tmp_path / "pip.conf"
    configuration.write_text("[global]\nindex-url = https://configured.example/simple\n")
    tree.set_up(PIP_CONFIG_FILE=str(configuration), PIP_INDEX_URL="", POETRY_PYPI_MIRROR_URL="")
    assert [call.split()[0] for call in tree.calls()] == ["https://configured.example/simple"]


def test_an_interrupted_set_up_is_begun_again_from_nothing(tree: Tree) -> None:
    half_installed, wait = tree.root / ".venv" / "installed", tree.root / "wait"
    half_installed.touch()
    tree.change_lock()
    wait.touch()
    process = tree.start()
    wait_for((tree.root / "calls").exists)
    process.send_signal(signal.SIGTERM)
    printed, _ = process.communicate(timeout=LIMIT_SECONDS)
    wait.unlink()
    assert (process.returncode, printed.splitlines()[-1]) == (
        130,
        "setup: interrupted; the next make does it again",
    )
    tree.calls()
    assert tree.set_up()[0] == 0
    assert len(tree.calls()) == 1
    assert not half_installed.exists()


def test_a_step_that_fails_shows_the_end_of_its_log_and_is_done_again(tree: Tree) -> None:
    tree.change_lock()
    (tree.root / "fail").touch()
    code, printed = tree.set_up()
    (tree.root / "fail").unlink()
    assert (code, printed.splitlines()[-1]) == (1, "the lock file is out of date")
    assert tree.set_up()[0] == 0


def test_two_at_once_install_once(tree: Tree) -> None:
    tree.change_lock()
    (tree.root / "wait").touch()
    first = tree.start()
    wait_for((tree.root / "calls").exists)
    second = tree.start()
    assert second.stdout is not None
    assert second.stdout.readline() == "setup: waiting for another set-up to end\n"
    (tree.root / "wait").unlink()
    for process in (first, second):
        process.communicate(timeout=LIMIT_SECONDS)
        assert process.returncode == 0
    assert len(tree.calls()) == 1


def found(tree: Tree, path: Path, **programs: str) -> tuple[int, str]:
    """Set up with only these programs to find."""
    for name, script in programs.items():
        (path / name.replace("_", ".")).write_text(f"#!/bin/sh\n{script}\n")
        (path / name.replace("_", ".")).chmod(0o755)
    (tree.root / ".venv" / "bin").rename(tree.root / ".venv" / "hidden")
    try:
        return tree.set_up(PYTHON="", PATH=str(path))
    finally:
        (tree.root / ".venv" / "hidden").rename(tree.root / ".venv" / "bin")


def test_programs_that_exist_and_fail_are_passed_over(tree: Tree, tmp_path: Path) -> None:
    good = f'exec {sys.executable} "$@"'
    shim = "echo not installed >&2; exit 127"
    assert found(tree, tmp_path, python3_13=shim, python3_12="exit 3", python3_11="exit 4", python3=good) == (0, "")


def test_no_python_is_one_line(tree: Tree, tmp_path: Path) -> None:
    code, printed = found(tree, tmp_path, python3="exit 3")
    assert code == 1
    assert printed.startswith("setup: CPython 3.11, 3.12 or 3.13 is needed and none was found")
    assert printed.count("\n") == 1


def test_a_python_without_venv_is_one_line(tree: Tree, tmp_path: Path) -> None:
    code, printed = found(tree, tmp_path, python3="exit 4", python="exit 3")
    assert code == 1
    assert printed.startswith("setup: python3 lacks the venv and ensurepip modules")
    assert printed.count("\n") == 1


def test_a_python_that_was_asked_for_is_not_replaced_by_another(tree: Tree) -> None:
    code, printed = tree.set_up(PYTHON="/nowhere/python")
    assert (code, printed) == (1, "setup: PYTHON=/nowhere/python is not a working CPython 3.11, 3.12 or 3.13\n")
