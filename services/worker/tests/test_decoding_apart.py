"""The process that decodes media: what it can't do, and what its end costs."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from hub.testing import eventually
from PIL import Image
from reader import wire
from worker.zygote import Zygote

from services.worker.tests.station import Station, children_of


def picture() -> bytes:
    file = BytesIO()
    Image.new("RGB", (8, 4)).save(file, "PNG")
    return file.getvalue()


@pytest.fixture(scope="module")
def zygote(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Zygote]:
    zygote = Zygote("http://127.0.0.1:9", tmp_path_factory.mktemp("scratch"))
    yield zygote
    zygote.close()


def decoder(zygote: Zygote, staging: Path) -> tuple[int, socket.socket]:
    ours, theirs = socket.socketpair()
    pid = zygote.fork({"decode": str(staging)}, [theirs])
    theirs.close()
    return pid, ours


def test_a_picture_becomes_a_file_named_after_its_content(zygote: Zygote, tmp_path: Path) -> None:
    pid, connection = decoder(zygote, tmp_path)
    wire.send(connection, {"kind": "image", "name": "../../x.png"}, picture())
    decoded, _ = wire.receive(connection)
    assert (tmp_path / decoded["file"]).read_bytes() == picture()
    assert ".." not in decoded["file"]
    zygote.kill(pid)


def test_a_disk_that_can_not_be_written_is_no_fault_of_the_picture(zygote: Zygote, tmp_path: Path) -> None:
    pid, connection = decoder(zygote, tmp_path / "not there")
    wire.send(connection, {"kind": "image", "name": None}, picture())
    assert wire.receive(connection)[0] == {"disk_error": True}
    zygote.kill(pid)


def test_it_has_no_network_where_the_kernel_allows_that(zygote: Zygote, tmp_path: Path) -> None:
    probe = [sys.executable, "-c", "from reader.network import leave_network; print(leave_network())"]
    allowed = subprocess.run(probe, check=True, capture_output=True, text=True).stdout.strip() == "True"
    pid, connection = decoder(zygote, tmp_path)
    wire.send(connection, {"kind": "image", "name": None}, picture())
    wire.receive(connection)
    apart = Path(f"/proc/{pid}/ns/net").readlink() != Path("/proc/self/ns/net").readlink()
    assert apart is allowed
    zygote.kill(pid)


def test_its_death_costs_the_cells_and_not_the_page(station: Station) -> None:
    station.put("a.png", picture())
    station.put("metadata.csv", "file_name,caption\na.png,a picture\n")
    eventually(station.head)
    listing = station.start("datasets")
    station.event()
    eventually(lambda: station.job("splits", "default", "train"))
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
    (row,) = eventually(lambda: (answer := station.answer("default", "train")) and answer["json"]["rows"], 30)
    assert row["row"] == {"image": None, "caption": "a picture"}
    assert "process" in row["cell_errors"]["image"]
    assert worker.poll() is None
