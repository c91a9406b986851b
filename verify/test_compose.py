"""docker compose takes what is written, every setting in it exists, and nothing runs with more rights than it needs."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from admin.settings import AdminSettings
from api.settings import ApiSettings
from libcommon.settings import Settings
from stack import reverse_proxy
from worker.settings import WorkerSettings

from verify.compose import Project
from verify.images import ROOT
from verify.programs import run

COMPOSE_FILE = (ROOT / "docker-compose.yml").read_text()
EXAMPLE = (ROOT / ".env.example").read_text()
SERVICES: dict[str, type[Settings]] = {
    "api": ApiSettings,
    "admin": AdminSettings,
    "worker-datasets": WorkerSettings,
    "worker-splits": WorkerSettings,
}
ALWAYS = {"mongo", "api", "admin", "worker-datasets", "worker-splits", "reverse-proxy"}
PROFILES = {
    "": ALWAYS,
    "hub": ALWAYS | {"hub"},
    "monitoring": ALWAYS | {"prometheus", "grafana"},
    "hub,monitoring": ALWAYS | {"hub", "prometheus", "grafana"},
}
# The api needs this long to close what it has, when its requests are done.
CLOSING_SECONDS = 10


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


@pytest.fixture
def services(project: Project) -> dict[str, Any]:
    """All services of all profiles."""
    return project.started(COMPOSE_PROFILES="hub,monitoring")


@pytest.mark.parametrize("target", ["start-from-local-code", "start-from-remote-images"])
@pytest.mark.parametrize("profiles", PROFILES)
def test_compose_takes_every_profile_without_a_warning(project: Project, target: str, profiles: str) -> None:
    started = project.started(target, COMPOSE_PROFILES=profiles or ",", IMAGES="registry.example/ours", TAG="1")
    assert started.keys() == PROFILES[profiles]


def test_the_two_ways_to_start_have_nothing_in_common(project: Project) -> None:
    profiles = "hub,monitoring"
    ports, images, names = [], [], []
    for target in ("start-from-local-code", "start-from-remote-images"):
        started = project.started(target, COMPOSE_PROFILES=profiles, IMAGES="registry.example/ours", TAG="1")
        ports.append({port["published"] for service in started.values() for port in service.get("ports", ())})
        images.append({name: started[name]["image"] for name in ("api", "worker-splits", "hub")})
        names.append((project.directory / "called").read_text().split())
    assert "8000" in ports[0]
    assert "8100" in ports[1]
    assert not ports[0] & ports[1]
    assert images[0] == {
        "api": "datasets-server-api:local",
        "worker-splits": "datasets-server-worker:local",
        "hub": "datasets-server-hub:local",
    }
    assert images[1]["api"] == "registry.example/ours-api:1"
    assert names[0][1] != names[1][1]
    assert "--build" in names[0]
    assert "--no-build" in names[1]


@pytest.mark.parametrize("way", ["local-code", "remote-images"])
def test_what_was_started_is_stopped_with_all_its_profiles(project: Project, way: str) -> None:
    project.started(f"start-from-{way}", COMPOSE_PROFILES="hub", IMAGES="registry.example/ours")
    name = (project.directory / "called").read_text().split()[1]
    assert project.started(f"stop-from-{way}").keys() == PROFILES["hub,monitoring"]
    assert (project.directory / "called").read_text().split() == ["--project-name", name, "down"]


def test_nothing_is_started_from_nowhere(project: Project) -> None:
    made = project.make("start-from-remote-images")
    assert made.returncode != 0
    assert made.stderr.startswith("IMAGES is not set: say in .env")
    assert not (project.directory / "called").exists()


def test_without_secrets_nothing_starts(project: Project) -> None:
    run_there = project.show()
    assert run_there.returncode != 0
    assert "HF_WEBHOOK_SECRET is missing a value: make .env writes one" in run_there.stderr


def test_the_secrets_are_random_and_the_owner_s_alone(project: Project) -> None:
    secrets = []
    for _ in range(2):
        assert project.make(".env").returncode == 0
        file = project.directory / ".env"
        assert file.stat().st_mode & 0o077 == 0
        pairs = dict(line.split("=", 1) for line in file.read_text().splitlines() if re.match("[A-Z]", line))
        assert "<random>" not in "".join(pairs.values())
        secrets.append([pairs[name] for name in re.findall(r"^([A-Z_]+)=.*<random>$", EXAMPLE, re.MULTILINE)])
        file.unlink()
    assert all(len(secret) >= 32 for secret in secrets[0])
    assert len({*secrets[0], *secrets[1]}) == 2 * len(secrets[0]) == 10


def test_a_file_of_secrets_stays_as_it_is(project: Project) -> None:
    (project.directory / ".env").write_text("MINE=1\n")
    assert project.make(".env").returncode == 0
    assert (project.directory / ".env").read_text() == "MINE=1\n"


@pytest.mark.parametrize("name", SERVICES)
def test_compose_names_every_setting_of_a_service_and_no_other(services: dict[str, Any], name: str) -> None:
    assert services[name]["environment"].keys() == {field.upper() for field in SERVICES[name].model_fields}


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_starts_with_what_compose_tells_it(
    services: dict[str, Any], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_of(services, name, monkeypatch)
    assert settings.model_dump()["hf_endpoint"] == "http://hub:8001"
    assert settings.model_dump()["mongo_url"].startswith("mongodb://mongo:27017/")


def test_a_setting_of_the_user_s_reaches_the_service(project: Project) -> None:
    (project.directory / ".env").write_text(f"{EXAMPLE}\nROWS_MAX_NUMBER=7\n")
    assert project.started()["worker-splits"]["environment"]["ROWS_MAX_NUMBER"] == "7"


def test_the_proxy_is_told_all_that_its_template_takes(services: dict[str, Any]) -> None:
    told = services["reverse-proxy"]["environment"]
    assert {name: told[name] for name in told if not name.startswith("NGINX_")} == reverse_proxy.defaults()
    assert told["ASSETS_INTERNAL_LOCATION"] == services["api"]["environment"]["ASSETS_INTERNAL_LOCATION"]
    taken = {name for name in told if re.search(told["NGINX_ENVSUBST_FILTER"], name)}
    assert taken == reverse_proxy.defaults().keys()


def test_the_hub_knows_every_setting_that_it_is_told(services: dict[str, Any]) -> None:
    told = services["hub"]["environment"]
    described = subprocess.run([sys.executable, "-m", "hub", "--help"], capture_output=True, text=True).stdout
    assert told.keys() <= set(re.findall(r"HUB_[A-Z_]+", described))
    worker, api = (services[name]["environment"] for name in ("worker-splits", "api"))
    assert (told["HUB_WORKER_TOKEN"], told["HUB_WEBHOOK_SECRET"]) == (worker["HF_TOKEN"], api["HF_WEBHOOK_SECRET"])


def test_every_variable_of_the_example_means_something() -> None:
    named = set(re.findall(r"^(?:# )?([A-Z0-9_]+)=", EXAMPLE, re.MULTILINE))
    used = set(re.findall(r"\$\{([A-Z0-9_]+)", COMPOSE_FILE)) | set(
        re.findall(r"^ +([A-Z0-9_]+):$", COMPOSE_FILE, re.MULTILINE)
    )
    assert named - used == {"COMPOSE_PROFILES"}


def test_every_image_of_ours_is_built_from_a_target_of_that_name(services: dict[str, Any]) -> None:
    targets = re.findall(r"^FROM runtime AS (\S+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    built = {service["build"]["target"]: service["image"] for service in services.values() if "build" in service}
    assert built == {target: f"datasets-server-{target}:local" for target in targets}


def test_nothing_has_more_rights_or_memory_than_it_needs(services: dict[str, Any]) -> None:
    for name, service in services.items():
        assert service["read_only"], name
        assert service["cap_drop"] == ["ALL"], name
        assert "cap_add" not in service, name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert 0 < int(service["mem_limit"]) <= 4 * 1024**3, name
        assert all(port["host_ip"] == "127.0.0.1" for port in service.get("ports", ())), name
        assert "healthcheck" in service or "build" in service, name


def test_only_those_who_need_mongo_reach_it(services: dict[str, Any]) -> None:
    beside_mongo = {name for name, service in services.items() if "storage" in service["networks"]}
    assert beside_mongo == {"mongo"} | {name for name, service in services.items() if has(service, "MONGO_URL")}
    assert services["mongo"]["networks"].keys() == {"storage"}
    assert "ports" not in services["mongo"]


def test_everything_has_the_time_to_end_what_it_has_begun(
    services: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    api = settings_of(services, "api", monkeypatch).model_dump()
    worker = settings_of(services, "worker-splits", monkeypatch).model_dump()
    (proxy,) = re.findall(r"worker_shutdown_timeout (\d+)s;", reverse_proxy.TEMPLATE.read_text())
    assert grace_seconds(services["api"]) > api["api_drain_seconds"] + CLOSING_SECONDS
    assert grace_seconds(services["worker-splits"]) > worker["drain_seconds"] + CLOSING_SECONDS
    assert grace_seconds(services["reverse-proxy"]) > int(proxy)


def test_a_job_fits_into_the_memory_of_its_worker(services: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    job = settings_of(services, "worker-splits", monkeypatch).model_dump()["job_memory_bytes"]
    assert int(services["worker-splits"]["mem_limit"]) > job + 1024**3


def test_prometheus_scrapes_every_service_at_its_port(services: dict[str, Any]) -> None:
    configuration = ROOT / "deploy" / "prometheus" / "prometheus.yml"
    checked = run(["promtool", "check", "config", str(configuration)])
    assert checked.returncode == 0, checked.stderr
    text = configuration.read_text()
    scraped = set(re.findall(r'targets: \["(\S+?):(\d+)"\]', text))
    scraped |= set(re.findall(r"names: \[(\S+?)\], type: A, port: (\d+)", text))
    ports = {"api": "API_PORT", "admin": "ADMIN_PORT", "worker-datasets": "WORKER_PORT", "worker-splits": "WORKER_PORT"}
    assert scraped == {(name, services[name]["environment"][port]) for name, port in ports.items()}


def settings_of(services: dict[str, Any], name: str, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The settings as the service reads them; those without a value don't reach it."""
    for variable, value in services[name]["environment"].items():
        if value is None:
            monkeypatch.delenv(variable, raising=False)
        else:
            monkeypatch.setenv(variable, value)
    return SERVICES[name].from_environment()


def has(service: dict[str, Any], variable: str) -> bool:
    return variable in (service.get("environment") or {})


def grace_seconds(service: dict[str, Any]) -> int:
    minutes, seconds = re.fullmatch(r"(?:(\d+)m)?(?:(\d+)s)?", service["stop_grace_period"]).groups()  # type: ignore[union-attr]
    return 60 * int(minutes or 0) + int(seconds or 0)
