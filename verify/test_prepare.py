"""What the checks stand on."""

import pytest

from verify.programs import run


@pytest.mark.parametrize(
    "command",
    [
        ["helm", "version"],
        ["kubectl", "version", "--client"],
        ["docker-compose", "version"],
        ["hadolint", "--version"],
        ["kubernetes-validate", "--version"],
        ["nginx", "-v"],
        ["envsubst", "--version"],
        ["promtool", "--version"],
        ["buildah", "--version"],
        ["podman", "--version"],
        ["mmdebstrap", "--version"],
    ],
    ids=lambda command: command[0],
)
def test_each_program_runs(command: list[str]) -> None:
    ran = run(command)
    assert ran.returncode == 0, ran.stderr
