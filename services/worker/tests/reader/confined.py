"""A process that confines itself and tells what it then still can: `python confined.py KIND SCRATCH STAGING`.

KIND is "job", "decoder", or "powerless": a decoder on a kernel that has none of the layers.
"""

import json
import os
import platform
import socket
import sys
import tempfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

from PIL import Image
from reader import decoding, wire
from reader.isolation import seccomp
from reader.isolation.layers import Layers, confine_decoder, confine_job
from reader.isolation.limits import Limits

LIMITS = Limits(cpu_seconds=60, memory_bytes=10**9, file_bytes=1_000)
# The calls that layers are made by, but for prctl: limits, namespaces, Landlock.
_OF_LAYERS = {"x86_64": [302, 160, 272, 444], "aarch64": [261, 164, 97, 444]}


def can(action: Callable[[], object]) -> bool:
    try:
        action()
    except (OSError, MemoryError):
        return False
    return True


def actions(scratch: Path, staging: Path) -> dict[str, bool]:
    (own,) = [path for path in staging.iterdir() if path.name == "staged.png"]
    return {
        "write to the temporary directory": can(lambda: (scratch / "new").write_bytes(b"x")),
        "write to the staging folder": can(lambda: (staging / "new").write_bytes(b"x")),
        "remove from the staging folder": can(own.unlink),
        "write elsewhere": can(lambda: (scratch.parent / "new").write_bytes(b"x")),
        "read elsewhere": can(lambda: (scratch.parent / "secret").read_bytes()),
        "read the system's users": can(lambda: Path("/etc/passwd").read_bytes()),
        "read the parent's environment": can(lambda: Path(f"/proc/{os.getppid()}/environ").read_bytes()),
        "read the parent's memory": can(lambda: Path(f"/proc/{os.getppid()}/mem").open("rb").close()),
        "signal the parent": can(lambda: os.kill(os.getppid(), 0)),
        "make a socket": can(lambda: socket.socket().close()),
        "listen": can(lambda: socket.create_server(("127.0.0.1", 0)).close()),
        "start a program": can(lambda: os.posix_spawn("/bin/true", ["true"], {})),
        "import a module": can(lambda: __import__("wave")),
        "write a large file": can(lambda: (scratch / "large").write_bytes(bytes(2_000))),
        "fill the memory": can(lambda: bytearray(8 * 10**9)),
    }


def _refuse_layers() -> None:
    architecture, _ = seccomp._ARCHITECTURES[platform.machine()]
    seccomp._ARCHITECTURES[platform.machine()] = (
        architecture,
        {str(number): number for number in _OF_LAYERS[platform.machine()]},
    )
    assert seccomp.refuse_sockets_and_programs()
    seccomp._ARCHITECTURES.clear()


def _decodes(staging: Path) -> bool:
    ours, theirs = socket.socketpair()
    if not os.fork():
        ours.close()
        decoding.serve(theirs, staging, LIMITS)
        os._exit(0)
    theirs.close()
    png = BytesIO()
    Image.new("RGB", (8, 4)).save(png, "PNG")
    wire.send(ours, {"kind": "image", "name": None}, png.getvalue())
    answer, _ = wire.receive(ours)
    ours.close()
    os.wait()
    return answer.get("details") == {"height": 4, "width": 8}


def main(kind: str, scratch: Path, staging: Path) -> tuple[Layers, dict[str, bool]]:
    tempfile.tempdir = str(scratch)
    if kind == "powerless":
        _refuse_layers()
        return confine_decoder(LIMITS, staging), {"decode": _decodes(staging)}
    if kind == "decoder" and not _decodes(staging):
        raise SystemExit("it does not decode")
    layers = confine_job(LIMITS, staging) if kind == "job" else confine_decoder(LIMITS, staging)
    return layers, actions(scratch, staging)


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))))
