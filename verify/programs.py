"""The programs that the checks run."""

import subprocess
from collections.abc import Mapping, Sequence

from verify.prepare import PROGRAMS


def run(
    command: Sequence[str],
    *,
    environment: Mapping[str, str] | None = None,
    text: str | None = None,
    seconds: float = 120,
) -> subprocess.CompletedProcess[str]:
    """Runs a program of `.venv-verify` or of the system to its end, with `text` to read; its output is text too."""
    own = PROGRAMS / command[0]
    program = str(own) if own.exists() else command[0]
    return subprocess.run(
        [program, *command[1:]],
        env=environment,
        input=text,
        capture_output=True,
        text=True,
        check=False,
        timeout=seconds,
    )
