"""Makes the environment of the project: `.venv` with what poetry.lock says, by a poetry of its own in `.venv-poetry`.

Run by `run`, which finds the Python. Nothing but the standard library, because nothing else is there yet. Without
arguments it sets up, which is a look at two stamps when nothing changed; `poetry ARGS…` runs poetry the same way.
"""

import contextlib
import fcntl
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import IO, NoReturn

ROOT = Path(__file__).resolve().parents[2]
REQUIREMENTS = Path(__file__).resolve().with_name("requirements.txt")
PROJECT_ENVIRONMENT = ROOT / ".venv"
POETRY_ENVIRONMENT = ROOT / ".venv-poetry"
LOG = POETRY_ENVIRONMENT / "setup.log"
STAMP = "setup-stamp"
TAIL_LINES = 20

# pip's own answer to "which index, which certificates", from its files, its environment or its defaults.
ASK_PIP = """
from pip._internal.commands import create_command
options = create_command("install").parser.get_default_values()
print(options.index_url)
print(options.cert or "")
"""


class SetupError(Exception):
    """A step failed; the message is for the user."""


def main(arguments: Sequence[str]) -> int:
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        with _one_at_a_time():
            if arguments[:1] == ["poetry"]:
                set_up_poetry()
                return subprocess.run(
                    _poetry(*arguments[1:]), cwd=ROOT, env=_poetry_environment(), check=False
                ).returncode
            set_up_project()
    except SetupError as error:
        print(f"setup: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("setup: interrupted; the next make does it again", file=sys.stderr)
        return 130
    return 0


def set_up_poetry() -> None:
    """A current `.venv-poetry`: made anew unless its stamp says it is."""
    stamp = _digest([REQUIREMENTS])
    if _stamp_of(POETRY_ENVIRONMENT) == stamp:
        return
    _say(f"Python {sys.version.split()[0]} in {sys.base_prefix}")
    _say("installing poetry into .venv-poetry")
    _new_environment(POETRY_ENVIRONMENT)
    pip = [_python(POETRY_ENVIRONMENT), "-I", "-m", "pip", "install", "--disable-pip-version-check", "--no-input"]
    _step([*pip, "--require-hashes", "-r", str(REQUIREMENTS)], os.environ)
    (POETRY_ENVIRONMENT / STAMP).write_text(stamp)


def set_up_project() -> None:
    """A current `.venv`: brought up to date where it was whole, made anew where it was not or had another Python."""
    stamp = "\n".join((_digest([]), _digest([ROOT / "poetry.lock", *_projects()])))
    found = _stamp_of(PROJECT_ENVIRONMENT)
    if found == stamp:
        return
    set_up_poetry()
    started = time.monotonic()
    _say("installing what poetry.lock says into .venv")
    if found.split("\n")[0] != _digest([]):
        _new_environment(PROJECT_ENVIRONMENT, "--without-pip")
    # Gone while it is being changed, so that an interrupted change is begun again from nothing.
    (PROJECT_ENVIRONMENT / STAMP).unlink(missing_ok=True)
    _step(_poetry("sync", "--compile", "--no-interaction", "--no-ansi"), _poetry_environment())
    (PROJECT_ENVIRONMENT / STAMP).write_text(stamp)
    _say(f"done in {time.monotonic() - started:.0f} s")


def _projects() -> list[Path]:
    return [ROOT / "pyproject.toml", *sorted(ROOT.glob("[a-z]*/*/pyproject.toml"))]


def _digest(files: Sequence[Path]) -> str:
    """Changes with the Python, with the place of the tree (environments can't be moved) and with the files' content."""
    digest = hashlib.sha256(repr((sys.version, os.path.realpath(sys.base_prefix), str(ROOT))).encode())
    for file in files:
        digest.update(f"\n{file.relative_to(ROOT)}\n".encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _stamp_of(environment: Path) -> str:
    try:
        return (environment / STAMP).read_text()
    except OSError:
        return ""


def _new_environment(environment: Path, *options: str) -> None:
    if environment.exists():
        shutil.rmtree(environment)
    _step(
        [getattr(sys, "_base_executable", sys.executable), "-I", "-m", "venv", *options, str(environment)], os.environ
    )


def _python(environment: Path) -> str:
    return str(environment / "bin" / "python")


def _poetry(*arguments: str) -> list[str]:
    return [_python(POETRY_ENVIRONMENT), "-I", "-m", "poetry", *arguments]


def _poetry_environment() -> dict[str, str]:
    """Poetry aimed at `.venv`, and at the index that pip uses: poetry alone knows only the default one's own API."""
    question = [_python(POETRY_ENVIRONMENT), "-I", "-c", ASK_PIP]
    index, certificates = subprocess.run(question, capture_output=True, text=True, check=True).stdout.split("\n")[:2]
    environment = {
        "POETRY_PYPI_MIRROR_URL": index,
        "POETRY_KEYRING_ENABLED": "false",  # an index needs no keyring here, and asking one can hang without a desktop
        "REQUESTS_CA_BUNDLE": certificates,
        **{name: value for name, value in os.environ.items() if value},
        "VIRTUAL_ENV": str(PROJECT_ENVIRONMENT),
        "PATH": os.pathsep.join((str(PROJECT_ENVIRONMENT / "bin"), os.environ.get("PATH", os.defpath))),
    }
    return {name: value for name, value in environment.items() if value and not name.startswith("PYTHON")}


def _step(command: Sequence[str], environment: Mapping[str, str]) -> None:
    """Run `command` with its chatter in the log; raises `SetupError` with the log's end when it fails."""
    POETRY_ENVIRONMENT.mkdir(exist_ok=True)
    with LOG.open("ab") as log:
        code = _run_to_the_end(command, environment, log)
    if code != 0:
        tail = "\n".join(LOG.read_text(errors="replace").splitlines()[-TAIL_LINES:])
        raise SetupError(f"this failed, the end of {LOG} follows: {' '.join(command)}\n{tail}")


def _run_to_the_end(command: Sequence[str], environment: Mapping[str, str], log: IO[bytes]) -> int:
    """The exit code. In a session of its own, so that interrupting us ends it with all it started, and in order."""
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
    )
    try:
        return process.wait()
    except BaseException:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise


@contextlib.contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Two `make` at once: the second waits for the first, and then finds everything done."""
    with REQUIREMENTS.open("rb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _say("waiting for another set-up to end")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _interrupt(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


def _say(line: str) -> None:
    print(f"setup: {line}", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
