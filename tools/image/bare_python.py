"""Takes out of this Python what installs packages, and compiles its standard library.

An image of Python comes without compiled modules, and a read-only root file system can't take them later: each start
and each health check would compile them again.
"""

import compileall
import os
import shutil
import sysconfig
from pathlib import Path


def main() -> None:
    library = Path(sysconfig.get_path("stdlib"))
    for entry in Path(sysconfig.get_path("purelib")).glob("*"):
        _remove(entry)
    for program in Path(sysconfig.get_path("scripts")).glob("*"):
        if program.name.startswith(("pip", "wheel", "idle")):
            _remove(program)
    _remove(library / "ensurepip")
    # Where Debian keeps what ensurepip installs.
    if wheels := sysconfig.get_config_var("WHEEL_PKG_DIR"):
        _remove(Path(wheels))
    compileall.compile_dir(library, quiet=2, workers=os.cpu_count() or 1)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


if __name__ == "__main__":
    main()
