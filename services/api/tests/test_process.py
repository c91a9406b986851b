"""The process: how it starts, what it does without what it needs, how it stops."""

import http.client
import os
import re
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
from hub.testing import eventually
from stack.mongo import running_mongo

from services.api.tests.odd_hub import OddHub
from services.api.tests.process import RunningApi, environment_of, running_api
from services.api.tests.shelf import Shelf


def start_and_fail(settings: dict[str, str]) -> tuple[int, str]:
    """The exit code and what was said, of an api that can't start."""
    ended = subprocess.run(
        [sys.executable, "-m", "api"], env=environment_of(settings), capture_output=True, text=True, timeout=30
    )
    return ended.returncode, ended.stderr


def test_a_wrong_setting_is_one_line_with_its_name(environment: dict[str, str]) -> None:
    code, said = start_and_fail({**environment, "API_PORT": "70000"})
    assert (code, said.split(":")[0], len(said.splitlines())) == (2, "API_PORT", 1)


def test_a_port_in_use_is_one_line(environment: dict[str, str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        code, said = start_and_fail({**environment, "API_PORT": str(taken.getsockname()[1])})
    assert (code, len(said.splitlines())) == (1, 1)
    assert "API_PORT" in said
    assert "in use" in said


def test_a_mongo_that_can_not_be_used_is_one_line(environment: dict[str, str]) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"mongodb://user:password@127.0.0.1:{closed.getsockname()[1]}/"
        for address, expected in ((url, 1), ("mongodb://a:b:c@x", 2), ("mongodb://127.0.0.1:99999", 2)):
            code, said = start_and_fail({**environment, "MONGO_URL": address})
            assert (code, len(said.splitlines())) == (expected, 1)
            assert said.startswith("MONGO_URL: ")
            assert "password" not in said


def test_without_its_assets_directory_it_is_not_ready(environment: dict[str, str], tmp_path: Path) -> None:
    directory = tmp_path / "assets"
    with running_api({**environment, "ASSETS_STORAGE": str(directory)}) as api:
        response = api.http.get("/ready")
        assert (response.status_code, response.json()["mongo"]) == (503, "ok")
        assert response.json()["assets"] != "ok"
        assert str(tmp_path) not in response.text
        directory.mkdir()
        assert api.http.get("/ready").status_code == 200


def test_without_mongo_every_request_is_answered_in_time(environment: dict[str, str], tmp_path: Path) -> None:
    with running_mongo(tmp_path / "mongo") as server:
        settings = {**environment, "MONGO_URL": server.url, "HF_WEBHOOK_SECRET": ""}
        with running_api(settings) as api:
            server.process.kill()
            server.process.wait()
            assert_without_mongo(api)


def assert_without_mongo(api: RunningApi) -> None:
    def get(path: str) -> httpx2.Response:
        return api.http.get(path, params={"dataset": "acme/csv"}, headers={"Authorization": "Bearer hf_me"})

    def announce(_: str) -> httpx2.Response:
        return api.http.post("/webhook", json={"update": "datasets/acme/csv"})

    with ThreadPoolExecutor(4) as pool:
        ready = pool.submit(get, "/ready")
        failed = [pool.submit(get, "/valid"), pool.submit(announce, "")]
        assert ready.result(30).status_code == 503
        assert ready.result(30).json() == {"mongo": "does not answer", "assets": "ok"}
        for each in failed:
            response = each.result(30)
            assert (response.status_code, response.headers["X-Error-Code"]) == (500, "UnexpectedError")
            assert response.headers["X-Request-Id"] in response.json()["error"]
            assert "Retry-After" in response.headers
            assert response.headers["Cache-Control"] == "private, no-store"
            assert "mongo" not in response.text.lower()
            assert "127.0.0.1" not in response.text
        failures = re.search(r'api_failures_total\{reason="mongo"\} (.*)', api.http.get("/metrics").text)
        assert failures is not None
        assert float(failures[1]) >= len(failed)
    assert api.http.get("/healthcheck").status_code == 200


def test_on_sigterm_requests_under_way_are_ended_and_new_ones_refused(
    environment: dict[str, str], odd_hub: OddHub, shelf: Shelf
) -> None:
    shelf.fill("acme/drained")
    with running_api({**environment, "HF_ENDPOINT": odd_hub.url}) as api, ThreadPoolExecutor(1) as pool:
        idle = http.client.HTTPConnection("127.0.0.1", api.port, timeout=10)
        assert status_of(idle, "/healthcheck") == 200
        odd_hub.released.clear()
        under_way = pool.submit(api.http.get, "/splits", params={"dataset": "acme/drained"})
        eventually(lambda: odd_hub.asked)
        api.process.send_signal(signal.SIGTERM)
        eventually(lambda: refuses(api.port))
        assert api.process.poll() is None
        odd_hub.released.set()
        answer = under_way.result(10)
        assert answer.status_code == 200
        assert api.process.wait(10) == 0
        assert f'"request_id":"{answer.headers["X-Request-Id"]}"' in api.log


def refuses(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except ConnectionRefusedError:
        return True
    return False


def test_it_is_not_ready_from_the_moment_of_sigterm(environment: dict[str, str]) -> None:
    with running_api(environment) as api:
        connection = http.client.HTTPConnection("127.0.0.1", api.port, timeout=10)
        assert status_of(connection, "/ready") == 200
        # Stopped, it finds the signal and the request at the same moment, before it closes idle connections.
        api.process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, api.process.pid, os.WSTOPPED | os.WNOWAIT)
        api.process.send_signal(signal.SIGTERM)
        connection.request("GET", "/ready")
        api.process.send_signal(signal.SIGCONT)
        assert connection.getresponse().status == 503
        assert api.process.wait(10) == 0


def status_of(connection: http.client.HTTPConnection, path: str) -> int:
    connection.request("GET", path)
    response = connection.getresponse()
    response.read()
    return response.status


def test_a_log_that_nobody_reads_stops_nothing(environment: dict[str, str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as found:
        port = found.getsockname()[1]
    settings = environment_of({**environment, "API_PORT": str(port), "HF_WEBHOOK_SECRET": ""})
    process = subprocess.Popen([sys.executable, "-m", "api"], stderr=subprocess.PIPE, env=settings)
    try:
        eventually(lambda: not refuses(port), seconds=20)
        with httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=20) as client:
            for number in range(1_500):
                if number % 3:
                    client.get(f"/nothing-{number}")
                elif number % 2:
                    client.post("/webhook", json={"update": "models/of-no-interest"})
                else:
                    with socket.create_connection(("127.0.0.1", port)) as connection:
                        connection.sendall(b"NONSENSE\r\n\r\n")
                        connection.recv(100)
            assert client.get("/healthcheck").status_code == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.communicate()


def test_a_request_that_never_ends_does_not_keep_it_from_stopping(environment: dict[str, str]) -> None:
    with (
        running_api({**environment, "API_DRAIN_SECONDS": "1", "HF_WEBHOOK_SECRET": ""}) as api,
        socket.create_connection(("127.0.0.1", api.port)) as connection,
    ):
        connection.settimeout(20)
        connection.sendall(b"POST /webhook HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\nExpect: 100-continue\r\n\r\n")
        # It waits for the body.
        assert connection.recv(100).startswith(b"HTTP/1.1 100 ")
        assert api.stop() == 0
