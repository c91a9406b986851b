"""The reverse proxy: nginx with the template of `services/reverse-proxy`."""

import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path

from stack.errors import StackError

HERE = Path(__file__).parents[4] / "services" / "reverse-proxy"
TEMPLATE = HERE / "templates" / "nginx.conf.template"
DEFAULTS = HERE / "defaults.env"
# Debian's isn't on the path of everybody.
_FOLDERS = "/usr/local/sbin:/usr/sbin"
_NAME = re.compile(r"\$\{([A-Z_]+)\}")


def defaults() -> dict[str, str]:
    """The settings that the template takes, each with its default."""
    lines = DEFAULTS.read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def settings_of(environment: Mapping[str, str]) -> dict[str, str]:
    """The settings that the template takes: of the environment where it has them."""
    return {name: environment.get(name) or default for name, default in defaults().items()}


def render(settings: Mapping[str, str]) -> str:
    """The configuration of nginx with all settings that the template takes."""
    return _NAME.sub(lambda found: settings[found[1]], TEMPLATE.read_text())


def find_nginx() -> Path:
    """Where nginx is; raises `StackError` when it isn't installed."""
    found = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:{_FOLDERS}")
    if found is None:
        raise StackError("REVERSE_PROXY is 'nginx', which isn't installed; expected its program on the PATH")
    return Path(found)


def command(nginx: Path, directory: Path, settings: Mapping[str, str]) -> list[str]:
    """What runs nginx with all settings that the template takes; its files are in `directory`, which is made."""
    directory.mkdir(parents=True, exist_ok=True)
    configuration = directory / "nginx.conf"
    configuration.write_text(render({**settings, "PROXY_DIRECTORY": str(directory)}))
    # Root's processes would become another user, who may not read our files.
    user = "user root root;" if os.geteuid() == 0 else ""
    run = [str(nginx), "-e", "stderr", "-p", str(directory), "-c", str(configuration)]
    return [*run, "-g", f"daemon off; {user}"]
