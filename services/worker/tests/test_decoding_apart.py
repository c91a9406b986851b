"""The process that decodes media: what it can't do, and what its end costs."""

import os
import random
import signal
import socket
from collections.abc import Iterator
from dataclasses import asdict
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import soundfile
from hub.testing import eventually
from PIL import Image
from reader import wire
from reader.isolation.limits import Limits
from worker.zygote import Zygote

from services.worker.tests.station import Station, children_of, is_alive


def picture() -> bytes:
    file = BytesIO()
    Image.new("RGB", (8, 4)).save(file, "PNG")
    return file.getvalue()


@pytest.fixture(scope="module")
def zygote(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Zygote]:
    zygote = Zygote("http://127.0.0.1:9", tmp_path_factory.mktemp("scratch"))
    yield zygote
    zygote.close()


def decoder(
    zygote: Zygote, staging: Path, *, cpu_seconds: int = 60, memory_bytes: int = 10**9
) -> tuple[int, socket.socket]:
    ours, theirs = socket.socketpair()
    limits = Limits(cpu_seconds, memory_bytes, file_bytes=10**8)
    pid = zygote.fork({"decode": str(staging), "limits": asdict(limits)}, [theirs])
    theirs.close()
    return pid, ours


def decoded(connection: socket.socket, data: bytes) -> dict[str, Any]:
    wire.send(connection, {"kind": "image", "name": None}, data)
    return wire.receive(connection)[0]


def has_worked(pid: int, seconds: float = 1 / 3) -> bool:
    """Whether the process has used so much CPU."""
    user, system = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[11:13]
    return int(user) + int(system) > os.sysconf("SC_CLK_TCK") * seconds


def slow_picture(side: int = 5_000) -> bytes:
    """One that takes seconds to become PNG, for its noise can't be compressed."""
    return b"P6 %d %d 255\n" % (side, side) + random.Random(1).randbytes(3 * side * side)


def test_a_picture_becomes_a_file_named_after_its_content(zygote: Zygote, tmp_path: Path) -> None:
    pid, connection = decoder(zygote, tmp_path)
    wire.send(connection, {"kind": "image", "name": "../../x.png"}, picture())
    decoded, _ = wire.receive(connection)
    assert (tmp_path / decoded["file"]).read_bytes() == picture()
    assert ".." not in decoded["file"]
    zygote.kill(pid)


def test_what_libraries_print_about_a_file_is_not_in_the_log(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    zygote = Zygote("http://127.0.0.1:9", tmp_path)
    pid, connection = decoder(zygote, tmp_path)
    # A sample dump with damaged blocks: libsndfile prints a line for each.
    sound = BytesIO()
    soundfile.write(sound, [0.1] * 40_000, 8_000, format="SDS", subtype="PCM_16")
    damaged = bytearray(sound.getvalue())
    damaged[21::127] = b"\x31" * len(damaged[21::127])
    wire.send(connection, {"kind": "audio", "name": None}, bytes(damaged))
    assert wire.receive(connection)[0]["type"] == "audio/wav"
    zygote.kill(pid)
    zygote.close()
    assert capfd.readouterr() == ("", "")


def test_a_disk_that_can_not_be_written_is_no_fault_of_the_picture(zygote: Zygote, tmp_path: Path) -> None:
    pid, connection = decoder(zygote, tmp_path / "not there")
    wire.send(connection, {"kind": "image", "name": None}, picture())
    assert wire.receive(connection)[0] == {"disk_error": True}
    zygote.kill(pid)


def test_a_file_that_crashes_it_costs_one_cell(zygote: Zygote, tmp_path: Path) -> None:
    pid, connection = decoder(zygote, tmp_path)
    for _ in range(2):
        wire.send(connection, {"kind": "image", "name": None}, slow_picture())
        (at_work,) = eventually(lambda: children_of(pid))
        eventually(partial(has_worked, at_work))
        os.kill(at_work, signal.SIGSEGV)
        assert wire.receive(connection)[0] == {"cell_error": "the file made the process that decodes media end"}
        assert decoded(connection, picture())["type"] == "image/png"
    zygote.kill(pid)


def test_a_file_that_takes_too_long_costs_one_cell(zygote: Zygote, tmp_path: Path) -> None:
    pid, connection = decoder(zygote, tmp_path, cpu_seconds=1)
    assert decoded(connection, slow_picture()) == {"cell_error": "the file takes more than 1 s"}
    assert decoded(connection, picture())["type"] == "image/png"
    zygote.kill(pid)


def test_the_time_of_one_file_is_not_taken_from_the_next(zygote: Zygote, tmp_path: Path) -> None:
    pid, connection = decoder(zygote, tmp_path, cpu_seconds=1)
    quick = slow_picture(300)
    assert decoded(connection, quick)["type"] == "image/png"
    (at_work,) = children_of(pid)
    while not has_worked(at_work, 2.5):
        assert decoded(connection, quick)["type"] == "image/png"
    assert children_of(pid) == [at_work]
    zygote.kill(pid)


def test_a_file_that_needs_too_much_memory_costs_one_cell(zygote: Zygote, tmp_path: Path) -> None:
    pid, connection = decoder(zygote, tmp_path, memory_bytes=100_000_000)
    large = BytesIO()
    Image.new("RGB", (8_000, 8_000)).save(large, "PNG")
    assert "more memory" in decoded(connection, large.getvalue())["cell_error"]
    assert decoded(connection, picture())["type"] == "image/png"
    zygote.kill(pid)


def test_nothing_of_it_is_left_when_it_is_killed_over_a_file(zygote: Zygote, tmp_path: Path) -> None:
    pid, connection = decoder(zygote, tmp_path)
    wire.send(connection, {"kind": "image", "name": None}, slow_picture())
    (at_work,) = eventually(lambda: children_of(pid))
    zygote.kill(pid)
    eventually(lambda: not is_alive(at_work))


def test_when_it_is_killed_the_page_is_read_again(station: Station) -> None:
    station.put("a.png", picture())
    station.put("metadata.csv", "file_name,caption\na.png,a picture\n")
    eventually(station.head)
    listing = station.start("datasets")
    station.event()
    eventually(lambda: station.job("splits", "default", "train"), 30)
    eventually(lambda: station.job("datasets") is None)
    listing.send_signal(signal.SIGTERM)
    listing.wait(20)
    station.hub.process.send_signal(signal.SIGSTOP)
    try:
        worker = station.start("splits")
        (zygote,) = eventually(lambda: children_of(worker.pid))
        decoding, _ = eventually(lambda: found if len(found := sorted(children_of(zygote))) == 2 else [])
        os.kill(decoding, signal.SIGKILL)
    finally:
        station.hub.process.send_signal(signal.SIGCONT)
    (row,) = station.hurried(lambda: (answer := station.answer("default", "train")) and answer["json"]["rows"])
    assert row["row"]["image"]["src"]
    assert "cell_errors" not in row
    assert worker.poll() is None
