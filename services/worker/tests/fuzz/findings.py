"""What was found, on disk: a folder with the target, what is wrong, and the files as they go into a dataset."""

from hashlib import sha256
from pathlib import Path

from services.worker.tests.corpus.case import Files
from services.worker.tests.fuzz.verdict import Verdict

_TARGET, _TROUBLE, _FILES = "target", "trouble", "files"


def write(folder: Path, target: str, files: Files, verdict: Verdict) -> Path:
    """The new folder in `folder`."""
    name = f"{target}-{sha256(repr(verdict.kind).encode()).hexdigest()[:8]}"
    written = folder / name
    for path, content in files.items():
        file = written / _FILES / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    (written / _TARGET).write_text(target)
    (written / _TROUBLE).write_text(f"{verdict.kind}\n{verdict.trouble}\n")
    return written


def read(folder: Path) -> tuple[str, Files]:
    """The target and the files."""
    root = folder / _FILES
    files = {str(file.relative_to(root)): file.read_bytes() for file in sorted(root.rglob("*")) if file.is_file()}
    return (folder / _TARGET).read_text(), files
