"""Starting and stopping."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx2
import pytest
from hub.settings import SettingsError, read_settings
from hub.testing import eventually, running_hub


def run(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    clean = {key: value for key, value in os.environ.items() if not key.startswith("HUB_")}
    command = [sys.executable, "-m", "hub", *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=clean | environment, timeout=30, check=False)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_cleanly_with_connections_open(tmp_path: Path, number: signal.Signals) -> None:
    (tmp_path / "acme/x").mkdir(parents=True)
    with (tmp_path / "acme/x/big.bin").open("wb") as file:
        file.truncate(100_000_000)
    with running_hub(tmp_path) as hub, httpx2.Client(base_url=hub.endpoint) as client:
        client.get("/healthcheck")
        with client.stream("GET", "/datasets/acme/x/resolve/main/big.bin") as download:
            assert next(download.iter_raw())
            host, port = hub.endpoint.removeprefix("http://").split(":")
            with socket.create_connection((host, int(port))) as half:
                half.sendall(b"POST /api/repos/create HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
                hub.process.send_signal(number)
                assert hub.process.wait(5) == 0
        assert "Traceback" not in hub.log


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ([], "--directory or HUB_DIRECTORY"),
        (["--directory", "{}", "--host", "no such host"], "can't listen on no such host"),
        (
            ["--directory", "{}", "--port", "0", "--webhook", "http://x/", "--state-directory", "/dev/null"],
            "keep state",
        ),
        (["--directory", "{}", "--colour"], "--colour"),
        (["--directory", "{}", "--faults", "cut=2"], "--faults: cut must be a number from 0 to 1"),
    ],
)
def test_a_start_that_cannot_be_is_one_clear_line(tmp_path: Path, arguments: list[str], complaint: str) -> None:
    result = run(*(argument.format(tmp_path) for argument in arguments))
    assert result.returncode == 2
    assert complaint in result.stderr
    assert result.stderr.startswith("hub: ")
    assert result.stderr.count("\n") == 1
    assert result.stdout == ""


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("directory", "/no/such/folder", "/no/such/folder does not exist"),
        ("port", "x", "--port must be a number"),
        ("port", "65536", "--port must be a number"),
        ("port", "-1", "--port must be a number"),
        ("webhook", "ftp://x/", "--webhook must be an http or https URL"),
        ("webhook", "http://[x/", "--webhook must be an http or https URL"),
        ("webhook-secret", "é", "--webhook-secret must be printable ASCII"),
        ("worker-token", "hf_me", "--worker-token must not be"),
        ("worker-token", " x", "--worker-token must be printable ASCII"),
    ],
)
def test_a_bad_value_is_named_with_what_was_expected(tmp_path: Path, name: str, value: str, complaint: str) -> None:
    with pytest.raises(SettingsError, match=complaint):
        read_settings(["--directory", str(tmp_path), f"--{name}={value}"], {})


def test_a_port_in_use_is_one_clear_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        result = run("--directory", str(tmp_path), "--port", str(taken.getsockname()[1]))
    assert result.returncode == 2
    assert "Address already in use" in result.stderr
    assert result.stderr.count("\n") == 1


def test_an_access_file_that_cannot_be_read_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "hub.yaml").mkdir()
    result = run("--directory", str(tmp_path), "--port", "0")
    assert (result.returncode, result.stderr) == (2, "hub: hub.yaml: Is a directory\n")


def test_settings_come_from_the_environment_and_flags_win(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name / "acme" / name).mkdir(parents=True)
    clean = {key: value for key, value in os.environ.items() if not key.startswith("HUB_")}
    environment = clean | {
        "HUB_DIRECTORY": str(tmp_path / "one"),
        "HUB_PORT": "0",
        "HUB_WORKER_TOKEN": "hf_mine",
        "HUB_WEBHOOKS": "http://127.0.0.1:9/a, http://127.0.0.1:9/b",
        "HUB_STATE_DIRECTORY": str(tmp_path / "state"),
    }
    for arguments, served in (([], "acme/one"), (["--directory", str(tmp_path / "two")], "acme/two")):
        with subprocess.Popen(
            [sys.executable, "-m", "hub", *arguments], stdout=subprocess.PIPE, text=True, env=environment
        ) as process:
            assert process.stdout is not None
            endpoint = process.stdout.readline().split()[-1]
            found = httpx2.get(f"{endpoint}/api/datasets").json()
            user = httpx2.get(f"{endpoint}/api/whoami-v2", headers={"Authorization": "Bearer hf_mine"}).json()
            process.terminate()
            assert process.wait(5) == 0
        assert [dataset["id"] for dataset in found] == [served]
        assert user["name"] == "worker"
    assert len(list((tmp_path / "state/webhooks").iterdir())) == 2


def test_it_can_be_started_again_on_the_same_port(tmp_path: Path) -> None:
    with running_hub(tmp_path) as hub:
        hub.http.get("/healthcheck")
        port = int(hub.endpoint.rpartition(":")[2])
    with running_hub(tmp_path, port=port) as again:
        eventually(lambda: again.http.get("/healthcheck").text == "ok")
