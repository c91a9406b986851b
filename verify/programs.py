"""The programs that the checks run."""

import subprocess
from collections.abc import Mapping, Sequence

from verify.prepare import PROGRAMS


def run(
    command: Sequence[str], *, environment: Mapping[str, str] | None = None, seconds: float = 120
) -> subprocess.CompletedProcess[str]:
    """Runs a program of `.venv-verify` or of the system to its end, with its output as text."""
    own = PROGRAMS / command[0]
    program = str(own) if own.exists() else command[0]
    return subprocess.run(
        [program, *command[1:]], env=environment, capture_output=True, text=True, check=False, timeout=seconds
    )
