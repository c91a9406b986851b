"""What the Helm chart can be told, and what it refuses."""

import json
import os
import re
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest
from admin import serving
from libcommon.settings import Settings
from stack import reverse_proxy

from docs.chart import OF_THE_CHART
from docs.generate import SERVICES
from verify.charts import (
    CHART,
    DEFAULTS,
    FEATURES,
    SECRETS,
    container,
    helm,
    mappings,
    named,
    pods,
    render,
    template,
    variables,
)
from verify.prepare import PROGRAMS
from verify.programs import run

ROOT = CHART.parent
SCHEMA = json.loads((CHART / "values.schema.json").read_text())
OF_PART = {
    "api": "api",
    "admin": "admin",
    "migrations": "admin",
    "worker-datasets": "worker",
    "worker-splits": "worker",
}
# What the user names as he likes.
OPEN = {"annotations", "labels", "nodeSelector"}
# Each of these differs from the code's default.
OTHERS = {
    "ADMIN_ORGANIZATION": "ours",
    "HF_AUTH_PATH": "/api/who/%s",
    "HF_JWT_ADDITIONAL_PUBLIC_KEYS": "-----BEGIN PUBLIC KEY-----\n"
    "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n",
    "HF_JWT_PUBLIC_KEY_URL": "https://hub.example/keys",
    "PROXY_CACHE_SIZE": "1g",
    "PROXY_TRUSTED_NETWORK": "10.0.0.0/8",
    "PUBLIC_URL": "https://previews.example",
}
# Those that may not be larger than their defaults, or not than one another.
LESS = {"ANSWERS_MEMORY_SECONDS", "ASSETS_SIGNATURE_SECONDS", "HF_AUTH_TIMEOUT_SECONDS", "ROWS_MAX_NUMBER"}


def another_value(name: str, schema: dict[str, Any]) -> Any:
    """A good value of this setting that is not its default."""
    defaults = {name.upper(): field.default for each in SERVICES.values() for name, field in each.model_fields.items()}
    default = defaults.get(name, reverse_proxy.defaults().get(name))
    if name in OTHERS:
        return OTHERS[name]
    if "enum" in schema:
        return next(each for each in schema["enum"] if each != default)
    if schema["type"] == "string":
        return f"{default}_2" if name.startswith("MONGO_") else "https://hub.example"
    number = float(default or 1_000_000)
    return int(number - 1) if name in LESS and number > 1 else 0.5 if name in LESS else int(number + 1)


ALL_SETTINGS = {name: another_value(name, schema) for name, schema in SCHEMA["$defs"]["settings"]["properties"].items()}


@pytest.fixture(scope="module")
def environments() -> dict[str, dict[str, str]]:
    """The environment of each part where every setting is set."""
    rendered = pods(render({"settings": ALL_SETTINGS}))
    return {part: variables(pod, SECRETS) for part, pod in rendered.items()}


def settings_of(part: str, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The settings that a part reads from this environment."""
    for name in {field.upper() for each in SERVICES.values() for field in each.model_fields}:
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    settings: Settings = SERVICES[OF_PART[part]].from_environment()
    return settings.model_dump(mode="json")


@pytest.mark.parametrize("part", OF_PART)
def test_a_part_is_told_every_setting_of_its_code_and_nothing_else(
    environments: dict[str, dict[str, str]], part: str
) -> None:
    assert environments[part].keys() == {name.upper() for name in SERVICES[OF_PART[part]].model_fields}


def test_the_reverse_proxy_is_told_all_that_its_template_takes(environments: dict[str, dict[str, str]]) -> None:
    environment = environments["reverse-proxy"]
    told = {name for name in environment if not name.startswith("NGINX_")}
    assert told == reverse_proxy.defaults().keys()
    assert told == {name for name in environment if re.search(environment["NGINX_ENVSUBST_FILTER"], name)}
    untold = variables(pods(render({}))["reverse-proxy"], SECRETS)
    defaults = {name: value for name, value in reverse_proxy.defaults().items() if name not in OF_THE_CHART}
    assert {name: untold[name] for name in told - OF_THE_CHART} == defaults


def test_nginx_takes_what_it_is_told(environments: dict[str, dict[str, str]], tmp_path: Path) -> None:
    configuration = tmp_path / "nginx.conf"
    # The api's name is none here, and only a container's folder is its own.
    here = {"PROXY_API": "127.0.0.1:8000", "PROXY_DIRECTORY": str(tmp_path)}
    configuration.write_text(reverse_proxy.render({**environments["reverse-proxy"], **here}))
    tested = run(["nginx", "-e", "stderr", "-t", "-c", str(configuration)])
    assert tested.returncode == 0, tested.stderr


@pytest.mark.parametrize("part", OF_PART)
def test_every_setting_arrives_as_it_was_given(
    environments: dict[str, dict[str, str]], part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = settings_of(part, environments[part], monkeypatch)
    given = {name: value for name, value in ALL_SETTINGS.items() if name in environments[part]}
    assert {name: read[name.lower()] for name in given} == given


def test_an_empty_setting_that_means_something_arrives_too() -> None:
    told = variables(pods(render({"settings": {"HF_AUTH_PATH": ""}}))["api"], SECRETS)
    assert told["HF_AUTH_PATH"] == ""
    assert "HF_AUTH_PATH" not in variables(pods(render({}))["api"], SECRETS)


@pytest.mark.parametrize("feature", ["default", "dev", "prod"])
@pytest.mark.parametrize("part", OF_PART)
def test_a_part_starts_with_what_it_is_told(feature: str, part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    environment = variables(pods(render(FEATURES[feature]))[part], SECRETS)
    read = settings_of(part, environment, monkeypatch)
    assert read["assets_storage"] == "/assets"
    assert read["mongo_url"].startswith("mongodb://here-mongo-0." if feature == "dev" else SECRETS["MONGO_URL"])


@pytest.mark.parametrize("part", OF_PART)
def test_with_a_bucket_there_is_no_volume(part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    objects = render(FEATURES["bucket"])
    assert not named(objects, "PersistentVolumeClaim")
    for pod in pods(objects).values():
        mounted = {mount["name"] for mount in container(pod)["volumeMounts"]}
        assert mounted == {volume["name"] for volume in pod["spec"]["volumes"]}
        assert "assets" not in mounted
    read = settings_of(part, variables(pods(objects)[part], SECRETS), monkeypatch)
    assert read["assets_storage"] == "s3://media/previews"
    assert (read["aws_region"], read["aws_endpoint_url_s3"]) == ("eu-west-1", "https://s3.example")
    assert read["aws_access_key_id"] == SECRETS["AWS_ACCESS_KEY_ID"]


@pytest.mark.parametrize("part", OF_PART)
def test_a_part_finds_the_authorities_that_it_is_given(part: str) -> None:
    pod = pods(render(FEATURES["certificates"]))[part]
    (folder,) = [each["mountPath"] for each in container(pod)["volumeMounts"] if each["name"] == "certificates"]
    assert variables(pod, SECRETS)["SSL_CERT_FILE"] == f"{folder}/ours.pem"
    (volume,) = [each for each in pod["spec"]["volumes"] if each["name"] == "certificates"]
    assert volume["configMap"]["name"] == "authorities"


def test_a_part_starts_without_the_secrets_that_may_be_left_out_and_not_without_the_others() -> None:
    references = [
        each["valueFrom"]["secretKeyRef"]
        for pod in pods(render({})).values()
        for each in container(pod)["env"]
        if "valueFrom" in each
    ]
    of_given = SCHEMA["properties"]["secrets"]["properties"]["given"]
    assert {each["key"] for each in references} == SECRETS.keys() == of_given["properties"].keys()
    wanted = {each["key"] for each in references if not each.get("optional")}
    assert wanted == {*of_given["then"]["required"], "MONGO_URL"}
    assert wanted.isdisjoint(each["key"] for each in references if each.get("optional"))


def test_each_part_listens_where_the_others_look_for_it() -> None:
    objects = render({})
    told = {part: variables(pod, SECRETS) for part, pod in pods(objects).items()}
    listening = {
        "api": told["api"]["API_PORT"],
        "admin": told["admin"]["ADMIN_PORT"],
        "worker-datasets": told["worker-datasets"]["WORKER_PORT"],
        "worker-splits": told["worker-splits"]["WORKER_PORT"],
        "reverse-proxy": told["reverse-proxy"]["PROXY_LISTEN"],
    }
    for part, service in named(objects, "Service").items():
        (port,) = service["spec"]["ports"]
        (of_container,) = container(pods(objects)[part])["ports"]
        assert {listening[part]} == {str(port["port"]), str(of_container["containerPort"])}
    assert told["reverse-proxy"]["PROXY_API"] == f"here-api:{listening['api']}"
    locations = {told[part]["ASSETS_INTERNAL_LOCATION"] for part in ("api", "reverse-proxy")}
    assert locations == {"/internal/assets"}
    assert told["api"]["TRUSTED_PROXIES"] == "1"


@pytest.mark.parametrize("settings", [{}, {"API_DRAIN_SECONDS": 100, "DRAIN_SECONDS": 50.5}])
def test_every_part_has_more_time_to_end_than_it_takes(
    settings: dict[str, float], monkeypatch: pytest.MonkeyPatch
) -> None:
    rendered = pods(render({"settings": settings}))
    (of_proxy,) = re.findall(r"worker_shutdown_timeout (\d+)s;", reverse_proxy.TEMPLATE.read_text())
    of_api = settings_of("api", variables(rendered["api"], SECRETS), monkeypatch)["api_drain_seconds"]
    of_worker = settings_of("worker-splits", variables(rendered["worker-splits"], SECRETS), monkeypatch)
    drains = {
        # Its processes have 10 s more to close what they have.
        "api": of_api + 10,
        "admin": serving._DRAIN_SECONDS,
        "worker-datasets": of_worker["drain_seconds"],
        "worker-splits": of_worker["drain_seconds"],
        "reverse-proxy": int(of_proxy),
    }
    assert drains.keys() == rendered.keys() - {"migrations"}
    for part, seconds in drains.items():
        before = container(rendered[part]).get("lifecycle", {"preStop": {"sleep": {"seconds": 0}}})
        begins = before["preStop"]["sleep"]["seconds"]
        assert rendered[part]["spec"]["terminationGracePeriodSeconds"] >= begins + seconds + 5, part


def test_a_job_fits_into_the_memory_of_its_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    for feature in ("default", "dev", "prod"):
        rendered = pods(render(FEATURES[feature]))
        for part in ("worker-datasets", "worker-splits"):
            job = settings_of(part, variables(rendered[part], SECRETS), monkeypatch)["job_memory_bytes"]
            (gibibytes,) = re.fullmatch(r"(\d+)Gi", container(rendered[part])["resources"]["limits"]["memory"]).groups()  # type: ignore[union-attr]
            assert int(gibibytes) * 1024**3 > job + 1024**3


@pytest.mark.parametrize("feature", FEATURES)
def test_images_are_those_of_the_services_at_one_tag(feature: str) -> None:
    images = {part: container(pod)["image"] for part, pod in pods(render(FEATURES[feature])).items()}
    prefix, tag = {
        "prod": ("registry.example/datasets-server", version()),
        "images": ("registry.example/d", "1.2"),
    }.get(feature, ("datasets-server", version()))
    ours = {part: f"{prefix}-{service}:{tag}" for part, service in OF_PART.items()}
    assert {part: image for part, image in images.items() if part in OF_PART} == ours


def test_images_are_run_as_the_dockerfile_makes_them() -> None:
    stages = re.split(r"^FROM ", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE)
    common, *ours = [stage for stage in stages if " AS runtime\n" in stage or stage.startswith("runtime AS ")]
    (user,) = re.findall(r"^USER (\d+):\d+$", common, re.MULTILINE)
    targets = {stage.split()[2]: stage for stage in ours}
    rendered = pods(render({}))
    assert targets.keys() - {"hub"} == set(OF_PART.values())
    for part, target in OF_PART.items():
        spec, only = rendered[part]["spec"], container(rendered[part])
        (entry,) = re.findall(r"^ENTRYPOINT (.+)$", targets[target], re.MULTILINE)
        assert json.loads(entry) == ["python", "-m", target]
        assert "command" not in only
        assert spec["securityContext"]["runAsUser"] == int(user)
        exposed = re.findall(r"^EXPOSE (\d+)$", targets[target], re.MULTILINE)
        assert part == "migrations" or [str(port["containerPort"]) for port in only["ports"]] == exposed
        # A worker needs a first process that takes note of the ends of what a killed job leaves behind.
        assert spec.get("shareProcessNamespace", False) == (target == "worker")
    arguments = {part: container(rendered[part]).get("args") for part in OF_PART}
    assert arguments == {
        "api": None,
        "admin": ["serve"],
        "migrations": ["migrations", "apply"],
        "worker-datasets": ["datasets"],
        "worker-splits": ["splits"],
    }


def version() -> str:
    (found,) = re.findall(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    return str(found)


@pytest.mark.parametrize("path", [path for path in mappings(DEFAULTS) if not OPEN & set(path)], ids=".".join)
def test_a_name_that_is_no_setting_is_refused_wherever_it_is(path: tuple[str, ...]) -> None:
    values: dict[str, Any] = {"misspelt": True}
    for name in reversed(path):
        values = {name: values}
    made = template(values)
    assert made.returncode != 0
    assert "misspelt" in made.stderr


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"settings": {"HF_TOKEN": "hf_x"}}, "HF_TOKEN"),
        ({"settings": {"API_PORT": 80}}, "API_PORT"),
        ({"settings": {"LEASE_SECONDS": "30"}}, "/settings/LEASE_SECONDS"),
        ({"settings": {"LOG_LEVEL": "LOUD"}}, "/settings/LOG_LEVEL"),
        ({"settings": {"API_PROCESSES": 0}}, "/settings/API_PROCESSES"),
        ({"settings": {"PROXY_CACHE_SIZE": "1m; include x"}}, "/settings/PROXY_CACHE_SIZE"),
        ({"secrets": {"existing": ""}}, "no secrets: name an existing Secret"),
        ({"secrets": {"given": {"ADMIN_TOKEN": SECRETS["ADMIN_TOKEN"]}}}, "HF_WEBHOOK_SECRET"),
        ({"secrets": {"given": {**SECRETS, "ADMIN_TOKEN": "short"}}}, "/secrets/given/ADMIN_TOKEN"),
        ({"secrets": {"given": {name: SECRETS[name] for name in SECRETS if name != "MONGO_URL"}}}, "MONGO_URL"),
        ({"ingress": {"enabled": True}}, "/ingress/host"),
        ({"services": {"worker-splits": {"replicas": "many"}}}, "/services/worker-splits/replicas"),
        ({"services": {"worker-splits": {"autoscaling": {"enabled": True}}}}, "set monitoring.prometheus"),
        ({"services": {"worker-rows": {"replicas": 1}}}, "worker-rows"),
        ({"assets": {"volume": {"accessMode": "ReadOnlyMany"}}}, "/assets/volume/accessMode"),
        ({"assets": {"volume": {"size": "big"}}}, "/assets/volume/size"),
    ],
    ids=lambda each: json.dumps(each)[:60] if isinstance(each, dict) else "",
)
def test_a_wrong_value_is_refused_by_its_name(values: dict[str, Any], said: str) -> None:
    made = helm("template", "here", str(CHART), values=values)
    assert made.returncode != 0
    assert said in made.stderr
    assert not any(secret in made.stderr for secret in SECRETS.values())


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_make_upgrades_what_is_there_or_not(environment: str, tmp_path: Path) -> None:
    recorder = _program(tmp_path, "helm", 'echo "$@"')
    made = _make(f"upgrade-{environment}", f"HELM={recorder}", "ARGS=--dry-run")
    assert made.returncode == 0, made.stderr
    assert made.stdout.split() == [
        *("upgrade", "--install", "datasets-server", "chart", "--namespace", f"datasets-server-{environment}"),
        *("--values", f"chart/env/{environment}.yaml", "--wait", "--timeout", "15m", "--dry-run"),
    ]


@pytest.mark.parametrize(("code", "is_good"), [(0, True), (1, True), (2, False)])
@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_make_shows_what_an_upgrade_would_change(environment: str, code: int, is_good: bool, tmp_path: Path) -> None:
    compared, said = tmp_path / "objects", tmp_path / "arguments"
    kubectl = _program(tmp_path, "kubectl", f'cat >{compared}; echo "$@" >{said}; exit {code}')
    made = _make(f"diff-{environment}", f"HELM={PROGRAMS / 'helm'}", f"KUBECTL={kubectl}")
    assert (made.returncode == 0) == is_good
    assert f"--namespace datasets-server-{environment}" in said.read_text()
    assert "kind: Deployment" in compared.read_text()
    assert "kind: Job" not in compared.read_text()


def test_make_compares_nothing_when_the_values_are_wrong(tmp_path: Path) -> None:
    kubectl = _program(tmp_path, "kubectl", f"touch {tmp_path / 'asked'}; exit 1")
    made = _make("diff-dev", f"HELM={PROGRAMS / 'helm'}", f"KUBECTL={kubectl}", "ARGS=--set misspelt=1")
    assert made.returncode != 0
    assert not (tmp_path / "asked").exists()


def _program(directory: Path, name: str, script: str) -> Path:
    program = directory / name
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(stat.S_IRWXU)
    return program


def _make(*arguments: str) -> subprocess.CompletedProcess[str]:
    # Not what the make was told that runs this.
    environment = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")}
    command = ["make", "--silent", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)
