"""What docker compose makes of a `make` target, without an engine to do it."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from verify.images import ROOT
from verify.prepare import PROGRAMS

# Says how it was called, and shows what compose makes of that instead of doing it.
SHOW = f"""#!/bin/sh
echo "$@" > called
exec {PROGRAMS / "docker-compose"} "$1" "$2" config --format json
"""


class Project:
    """A copy of what compose reads, with an environment that has no settings but those in `.env`."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.environment = {"PATH": os.environ["PATH"], "HOME": str(directory)}
        for name in ("docker-compose.yml", "Makefile", ".env.example", "pyproject.toml"):
            shutil.copy(ROOT / name, directory / name)
        shutil.copytree(ROOT / "deploy", directory / "deploy")
        self.compose = directory / "compose"
        self.compose.write_text(SHOW)
        self.compose.chmod(0o755)

    def make(self, target: str, **variables: str) -> subprocess.CompletedProcess[str]:
        command = ["make", "--silent", target, f"COMPOSE={self.compose}"]
        environment = {**self.environment, **variables}
        return subprocess.run(command, cwd=self.directory, env=environment, capture_output=True, text=True)

    def show(self) -> subprocess.CompletedProcess[str]:
        """What compose says without make."""
        command = [str(self.compose), "--project-name", "x"]
        return subprocess.run(command, cwd=self.directory, env=self.environment, capture_output=True, text=True)

    def started(self, target: str = "start-from-local-code", **variables: str) -> dict[str, Any]:
        """What compose is to start, by the name of the service."""
        made = self.make(target, **variables)
        assert (made.returncode, made.stderr) == (0, "")
        services: dict[str, Any] = json.loads(made.stdout)["services"]
        return services
