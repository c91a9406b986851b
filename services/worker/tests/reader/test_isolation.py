"""What the processes that read data can't do, by each layer that the kernel has, and that they need none of it."""

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from hub.testing import RunningHub
from reader import wire
from reader.isolation.limits import Limits
from reader.limits import Limits as PageLimits
from worker.zygote import Zygote

PROGRAM = Path(__file__).parent / "confined.py"


def confined(kind: str, directory: Path) -> tuple[dict[str, int], dict[str, Any]]:
    """The layers that are in force around a process, and what it can do all the same."""
    scratch, staging = directory / "scratch", directory / "staging"
    for folder in (scratch, staging):
        folder.mkdir()
    (directory / "secret").write_bytes(b"secret")
    (staging / "staged.png").write_bytes(b"x")
    command = [sys.executable, str(PROGRAM), kind, str(scratch), str(staging)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, timeout=60)
    layers, actions = json.loads(done.stdout)
    return layers, actions


# What Landlock keeps a process from doing, and the version that does.
BY_LANDLOCK = {
    "write elsewhere": 1,
    "read elsewhere": 1,
    "read the system's users": 1,
    "read the parent's environment": 1,
    "read the parent's memory": 1,
    "start a program": 1,
    "listen": 4,
    "signal the parent": 6,
}


def of_landlock(layers: dict[str, int]) -> list[str]:
    return [what for what, version in BY_LANDLOCK.items() if layers["landlock"] >= version]


def test_a_job_writes_to_its_temporary_directory_and_reads_what_it_needs(tmp_path: Path) -> None:
    layers, can = confined("job", tmp_path)
    assert not any(can[what] for what in of_landlock(layers))
    assert can["write to the staging folder"] is not bool(layers["landlock"])
    assert can["write a large file"] is not layers["file_size_limit"]
    assert can["fill the memory"] is not layers["memory_limit"]
    needed = ["write to the temporary directory", "remove from the staging folder", "make a socket", "import a module"]
    assert all(can[what] for what in needed)


def test_a_decoder_writes_to_its_staging_folder_and_makes_no_socket(tmp_path: Path) -> None:
    layers, can = confined("decoder", tmp_path)
    assert not any(can[what] for what in of_landlock(layers))
    assert can["write to the temporary directory"] is not bool(layers["landlock"])
    assert can["make a socket"] is not layers["seccomp"]
    assert can["fill the memory"] is not layers["memory_limit"]
    assert all(
        can[what] for what in ["write to the staging folder", "remove from the staging folder", "import a module"]
    )


def test_a_decoder_works_where_the_kernel_has_no_layer_at_all(tmp_path: Path) -> None:
    layers, can = confined("powerless", tmp_path)
    assert not any(layers.values())
    assert can == {"decode": True}


@pytest.mark.parametrize("kind", ["job", "decoder"])
def test_the_limits_need_nothing_of_the_kernel_that_is_not_everywhere(kind: str, tmp_path: Path) -> None:
    layers, _ = confined(kind, tmp_path)
    assert {name for name, in_force in layers.items() if not in_force} <= {"network_namespace", "landlock", "seccomp"}


@pytest.fixture(scope="module")
def zygote(hub: RunningHub, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Zygote]:
    zygote = Zygote(hub.endpoint, tmp_path_factory.mktemp("scratch"))
    yield zygote
    zygote.close()


@pytest.mark.parametrize(
    "name",
    [
        "edge/csv-gzipped",
        "edge/csv-tarred",
        "edge/images",
        "edge/images-zipped",
        "edge/images-tarred",
        "edge/sounds",
        "edge/documents",
        "edge/odd-values",
        "edge/outside-path",
    ],
)
def test_confined_processes_read_what_others_do(reader: Any, zygote: Zygote, name: str, tmp_path: Path) -> None:
    config, split = reader.list(name)["splits"][0][:2]
    page = reader.read(name, config, split)
    connections = [pair for _ in range(2) for pair in socket.socketpair()]
    job, of_job, to_decoder, decoder = connections
    decoding = {"decode": str(tmp_path), "limits": asdict(Limits(30, 10**9, 10**8))}
    reading = {"job": "splits", "staging": str(tmp_path), "limits": asdict(Limits(300, 2 * 10**9, 10**9))}
    pids = [zygote.fork(decoding, [decoder]), zygote.fork(reading, [of_job, to_decoder])]
    for connection in (of_job, to_decoder, decoder):
        connection.close()
    request = {
        "dataset": name,
        "config": config,
        "split": split,
        "revision": reader.observe(name)["revision"],
        "endpoint": reader.endpoint,
        "token": "hf_worker",
        "limits": asdict(PageLimits()),
        "asset_url": "/assets/prefix",
        "staging": str(tmp_path),
        "max_size_fallback": 100_000_000,
        "sizes": None,
        "plan": None,
    }
    wire.send(job, request)
    _, body = wire.receive(job)
    for pid in pids:
        zygote.kill(pid)
    job.close()
    assert body == page.body
    assert sorted(file.name for file in tmp_path.iterdir()) == page.files
