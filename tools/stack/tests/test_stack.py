import os
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from stack import directory
from stack.announcement import announcement
from stack.child import Program
from stack.errors import StackError
from stack.logs import RotatingLog
from stack.mongo import free_port
from stack.programs import programs
from stack.settings import Settings


def settings_for(data_directory: Path, **variables: str) -> Settings:
    ports = {"PORT": str(free_port()), "HUB_PORT": str(free_port()), "ADMIN_PORT": str(free_port())}
    return Settings.from_environment(ports | {"DATA_DIRECTORY": str(data_directory)} | variables)


def stages_of(settings: Settings, **environment: str) -> list[list[Program]]:
    secrets = directory.Secrets("drawn secret", "drawn token", "drawn key", "drawn admin")
    return programs(settings, secrets, "secantusd-rs", settings.data_directory / "datasets", environment)


def test_mongo_starts_first_then_the_hub_the_workers_and_those_who_answer(tmp_path: Path) -> None:
    stages = [[program.name for program in stage] for stage in stages_of(settings_for(tmp_path, WORKERS_DATASETS="2"))]
    workers = ["worker-datasets-1", "worker-datasets-2", "worker-splits-1", "worker-splits-2"]
    assert stages == [["mongo"], ["hub"], workers, ["api", "admin"]]


def test_a_reverse_proxy_starts_last_and_has_the_port_that_the_api_would_have(tmp_path: Path) -> None:
    settings = replace(settings_for(tmp_path), nginx=Path("/usr/sbin/nginx"))
    *_, [api, _], [proxy] = stages_of(settings, ASSETS_INTERNAL_LOCATION="/inside/media")
    assert (api.name, proxy.name) == ("api", "reverse-proxy")
    assert api.environment["API_PORT"] != str(settings.port)
    assert (api.environment["TRUSTED_PROXIES"], api.environment["ASSETS_INTERNAL_LOCATION"]) == ("1", "/inside/media")
    assert "drawn" not in " ".join([*proxy.command, *proxy.environment.values()])
    configuration = (tmp_path / "reverse-proxy" / "nginx.conf").read_text()
    for line in (
        f"listen 127.0.0.1:{settings.port};",
        f"server 127.0.0.1:{api.environment['API_PORT']};",
        "location /inside/media/ {",
        f"alias {tmp_path / 'assets'}/;",
    ):
        assert line in configuration


def test_a_mongo_and_a_hub_of_the_user_are_used_and_none_started(tmp_path: Path) -> None:
    chosen = {"MONGO_URL": "mongodb://db.example", "HF_ENDPOINT": "https://hub.example/", "HF_TOKEN": "hf_user"}
    workers, [api, admin] = stages_of(settings_for(tmp_path, **chosen), **chosen)
    for program in (*workers, api, admin):
        assert program.environment["MONGO_URL"] == "mongodb://db.example"
        assert program.environment["HF_ENDPOINT"] == "https://hub.example"
    assert {program.environment["HF_TOKEN"] for program in (*workers, admin)} == {"hf_user"}
    assert "HF_TOKEN" not in api.environment


def test_each_secret_goes_to_those_who_need_it_and_never_to_a_command_line(tmp_path: Path) -> None:
    environment = {"HF_TOKEN": "hf_user", "HUGGING_FACE_HUB_TOKEN": "hf_user", "PATH": "/bin"}
    stages = stages_of(settings_for(tmp_path), **environment)
    for program in (program for stage in stages for program in stage):
        assert "drawn" not in " ".join(program.command)
        assert "hf_user" not in program.environment.values()
        assert program.environment["PATH"] == "/bin"
        knows = {value for value in program.environment.values() if value.startswith("drawn")}
        assert (
            knows
            == {
                "mongo": set(),
                "hub": {"drawn token", "drawn secret"},
                "worker": {"drawn token"},
                "api": {"drawn secret", "drawn key"},
                "admin": {"drawn token", "drawn admin"},
            }[program.name.split("-")[0]]
        )


def test_only_workers_have_worker_in_their_command_line(tmp_path: Path) -> None:
    for stage in stages_of(settings_for(tmp_path)):
        for program in stage:
            line = " ".join(program.command).replace(str(tmp_path), "")
            assert ("worker" in line) == program.name.startswith("worker")


def test_a_directory_from_before_a_secret_was_needed_keeps_its_others(tmp_path: Path) -> None:
    (tmp_path / "secrets.json").write_text('{"webhook_secret": "the old", "worker_token": "hf_old"}')
    found = directory.read_secrets(tmp_path)
    assert (found.webhook_secret, found.worker_token) == ("the old", "hf_old")
    assert len(found.signing_key) >= 32
    assert directory.read_secrets(tmp_path) == found


def test_the_secrets_are_drawn_once_and_only_the_owner_reads_them(tmp_path: Path) -> None:
    first = directory.read_secrets(tmp_path)
    assert directory.read_secrets(tmp_path) == first
    assert first.webhook_secret != first.worker_token
    assert stat.S_IMODE((tmp_path / "secrets.json").stat().st_mode) == 0o600
    other = tmp_path / "other"
    other.mkdir()
    assert directory.read_secrets(other) != first


def test_the_samples_are_copied_once(tmp_path: Path) -> None:
    datasets = tmp_path / "datasets"
    assert directory.fill_with_samples(datasets)
    assert (datasets / "samples").is_dir()
    changed = next(path for path in datasets.rglob("README.md"))
    changed.unlink()
    assert not directory.fill_with_samples(datasets)
    assert not changed.exists()
    assert [path.name for path in tmp_path.iterdir()] == ["datasets"]


def test_the_samples_that_the_announcement_names_exist(tmp_path: Path) -> None:
    text = announcement(settings_for(tmp_path))
    named = {part for part in ("samples/bakery-sales", "acme/private-notes") if part in text}
    assert text.count("curl ") == 3
    assert named == {name for name in named if (directory.SAMPLES / name).is_dir()} != set()


def test_a_second_stack_on_a_data_directory_is_refused(tmp_path: Path) -> None:
    with (
        directory.held(tmp_path),
        pytest.raises(StackError, match="another stack is running on DATA_DIRECTORY"),
        directory.held(tmp_path),
    ):
        pass
    with directory.held(tmp_path):
        pass


def test_a_log_is_bounded_and_keeps_the_newest(tmp_path: Path) -> None:
    log = RotatingLog(tmp_path / "api.log", max_bytes=1000)
    for number in range(1000):
        log.write(f"line {number}\n".encode())
    log.close()
    assert {path.name for path in tmp_path.iterdir()} == {"api.log", "api.log.1"}
    assert all(path.stat().st_size <= 1000 for path in tmp_path.iterdir())
    assert (tmp_path / "api.log").read_text().endswith("line 999\n")


def test_a_bad_setting_is_one_line_and_a_failure(tmp_path: Path) -> None:
    environment = {**os.environ, "PORT": "http", "DATA_DIRECTORY": str(tmp_path / "data")}
    done = subprocess.run([sys.executable, "-m", "stack"], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == "stack: PORT is 'http'; expected a whole number from 1 to 65535\n"
    assert not (tmp_path / "data").exists()
