"""A worker says which layers it has around the processes that read data, and data leads them to no other server."""

import io
import json
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from hub.testing import eventually

from services.worker.tests.stand_in import Reply, standing_in
from services.worker.tests.station import HangingHub, Station, busy_processes_of


def status_of(pid: int) -> dict[str, str]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return dict(line.split(":\t", 1) for line in lines if ":\t" in line)


def limits_of(pid: int) -> dict[str, str]:
    """The soft limits of a process by their names in proc(5)."""
    lines = Path(f"/proc/{pid}/limits").read_text().splitlines()[1:]
    return {line[:26].strip(): line[26:].split()[0] for line in lines}


def test_a_worker_says_at_its_start_which_layers_are_in_force_and_they_are(station: Station) -> None:
    station.listed()
    with HangingHub(station):
        worker = station.start("splits", JOB_TIMEOUT_SECONDS=100)
        station.held("splits")
        zygote, *children = busy_processes_of(worker)
        said = [json.loads(line) for line in station.log.splitlines() if '"action":"isolation"' in line]
        layers = said[-1]["layers"]
        assert set(layers) >= {"core_dumps_off", "network_namespace", "memory_group"}
        if layers["seccomp"]:
            # The last layer of the decoder.
            eventually(lambda: [pid for pid in children if status_of(pid)["Seccomp"] == "2"])
        if layers["landlock"]:
            eventually(lambda: all(status_of(pid)["NoNewPrivs"] == "1" for pid in children))
        for pid in (worker.pid, zygote, *children):
            assert limits_of(pid)["Max core file size"] == "0"
        for pid in children:
            assert limits_of(pid)["Max cpu time"] != "unlimited"
            assert limits_of(pid)["Max file size"] != "unlimited"
            assert limits_of(pid)["Max address space"] != "unlimited"
    assert eventually(station.rows, 30) == [{"n": 1}]


def pictures_at(*paths: str) -> bytes:
    kind = pa.struct({"bytes": pa.binary(), "path": pa.string()})
    table = pa.table({"image": pa.array([{"bytes": None, "path": path} for path in paths], kind)})
    features = {"info": {"features": {"image": {"_type": "Image"}}}}
    data = io.BytesIO()
    pq.write_table(table.replace_schema_metadata({"huggingface": json.dumps(features)}), data)
    return data.getvalue()


def test_no_url_in_the_data_is_asked_for(station: Station) -> None:
    asked: list[str] = []

    def reply(path: str) -> Reply:
        asked.append(path)
        return Reply(200, b"a\n1\n")

    with standing_in(reply) as trap:
        card = "---\nconfigs:\n- config_name: default\n  data_files: {}\n---\n"
        datasets: dict[str, dict[str, str | bytes]] = {
            "acme/card": {"README.md": card.format(f"{trap}/card.csv")},
            "acme/card-zip": {"README.md": card.format(f"zip://a.csv::{trap}/card.zip")},
            "acme/cells": {
                "a.parquet": pictures_at(f"{trap}/a.png", f"zip://a.png::{trap}/a.zip", "//127.0.0.1/x.png")
            },
            "acme/folder": {"metadata.csv": f"file_name,n\n{trap}/b.png,1\n", "c.png": b"no picture"},
            "acme/csv-of-urls": {"data.csv": f"url,n\n{trap}/d.csv,1\n"},
        }
        for name, files in datasets.items():
            for path, content in files.items():
                station.put(path, content, name)
        for name in datasets:
            eventually(partial(station.head, name))
        station.start("datasets")
        station.start("splits")
        for name in datasets:
            station.event(name)
        for name in ("acme/card", "acme/card-zip"):
            assert eventually(partial(station.code, dataset=name), 60) == "DataFilesNotFoundError"
        rows = eventually(lambda: station.answer("default", "train", "acme/cells"), 60)["json"]["rows"]
        assert [row["row"]["image"] for row in rows] == [None, None, None]
        assert eventually(lambda: station.rows(dataset="acme/csv-of-urls"), 60) == [{"url": f"{trap}/d.csv", "n": 1}]
        eventually(lambda: station.code(dataset="acme/folder") or station.answer("default", "train", "acme/folder"), 60)
    assert asked == []
