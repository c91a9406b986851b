"""The objects that the Helm chart makes, with each of its features."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from admin.verbs import VERBS
from stack import reverse_proxy

from verify import custom_resources
from verify.charts import CHART, FEATURES, SECRETS, container, helm, named, pods, render
from verify.programs import run

ROOT = CHART.parent
PARTS = {"api", "admin", "reverse-proxy", "worker-datasets", "worker-splits"}
SCRAPED = PARTS - {"reverse-proxy"}
# What the restricted profile lets a pod mount, of what is used here.
VOLUMES = {"configMap", "emptyDir", "persistentVolumeClaim"}


@pytest.fixture(scope="module", params=FEATURES)
def feature(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def objects(feature: str) -> list[dict[str, Any]]:
    return render(FEATURES[feature])


def test_helm_finds_nothing_to_complain_about(feature: str) -> None:
    linted = helm("lint", "--strict", str(CHART), values=FEATURES[feature])
    assert linted.returncode == 0, linted.stdout


def test_kubernetes_knows_every_field_of_every_object(objects: list[dict[str, Any]], tmp_path: Path) -> None:
    file = tmp_path / "objects.yaml"
    file.write_text(yaml.safe_dump_all(each for each in objects if not custom_resources.is_custom(each)))
    validated = run(["kubernetes-validate", "--strict", str(file)])
    assert validated.returncode == 0, validated.stdout + validated.stderr
    for each in filter(custom_resources.is_custom, objects):
        custom_resources.check(each)


def test_every_object_is_there_once_and_belongs_to_the_release(objects: list[dict[str, Any]]) -> None:
    names = [(each["kind"], each["metadata"]["name"]) for each in objects]
    assert len(names) == len(set(names))
    for each in objects:
        assert each["metadata"]["name"].startswith("here-")
        assert len(each["metadata"]["name"]) <= 63
        assert each["metadata"]["labels"]["app.kubernetes.io/instance"] == "here"
        assert each["metadata"]["labels"]["app.kubernetes.io/managed-by"] == "Helm"


def test_no_pod_has_more_rights_than_the_restricted_profile_gives(objects: list[dict[str, Any]]) -> None:
    for name, pod in pods(objects).items():
        spec, only = pod["spec"], container(pod)
        assert spec.keys().isdisjoint({"hostNetwork", "hostPID", "hostIPC", "initContainers"}), name
        assert spec["securityContext"]["runAsNonRoot"] is True, name
        assert spec["securityContext"]["runAsUser"] > 0, name
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, name
        assert only["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }, name
        assert all(volume.keys() - {"name"} <= VOLUMES for volume in spec["volumes"]), name
        assert spec["automountServiceAccountToken"] is False, name
        assert spec["enableServiceLinks"] is False, name
        assert all("hostPort" not in port for port in only.get("ports", ())), name


def test_only_who_writes_media_files_may(feature: str, objects: list[dict[str, Any]]) -> None:
    mounts = {name: container(pod)["volumeMounts"] for name, pod in pods(objects).items()}
    of_assets = {name: each for name, mounted in mounts.items() for each in mounted if each["name"] == "assets"}
    if feature == "bucket":
        assert not of_assets
        return
    assert of_assets.keys() == PARTS | {"migrations"}
    assert all(mount["mountPath"] == "/assets" for mount in of_assets.values())
    assert {name for name, mount in of_assets.items() if mount.get("readOnly")} == {"api", "reverse-proxy"}


def test_all_mount_the_same_media_files_from_a_claim_that_is_there(feature: str, objects: list[dict[str, Any]]) -> None:
    volumes = [volume for pod in pods(objects).values() for volume in pod["spec"]["volumes"]]
    claims = {volume["persistentVolumeClaim"]["claimName"] for volume in volumes if volume["name"] == "assets"}
    made = {each["metadata"]["name"] for each in objects if each["kind"] == "PersistentVolumeClaim"}
    ours = {"here-assets"}
    assert claims == {"existing-claim": {"media"}, "bucket": set()}.get(feature, ours)
    assert made == (set() if feature in ("existing-claim", "bucket") else ours)


def test_no_secret_is_anywhere_but_in_a_secret(objects: list[dict[str, Any]]) -> None:
    others = json.dumps([each for each in objects if each["kind"] != "Secret"])
    assert [name for name, value in SECRETS.items() if value in others] == []


def test_every_secret_that_a_pod_needs_is_in_the_secret_that_is_made(
    feature: str, objects: list[dict[str, Any]]
) -> None:
    wanted = {
        (each["valueFrom"]["secretKeyRef"]["name"], each["name"])
        for pod in pods(objects).values()
        for each in container(pod)["env"]
        if "valueFrom" in each
    }
    names = {name for _, name in wanted}
    bundled = bool(named(objects, "StatefulSet"))
    assert names == SECRETS.keys() - ({"MONGO_URL"} if bundled else set())
    made = named(objects, "Secret")
    if "given" in feature:
        assert wanted == {("here-secrets", name) for name in made["secrets"]["stringData"]}
    else:
        assert wanted == {("ours" if feature == "existing-secret" else "datasets-server", name) for name in names}
        assert made == {}


def test_every_selector_finds_the_pods_of_its_part_and_no_others(objects: list[dict[str, Any]]) -> None:
    labels = {name: pod["metadata"]["labels"] for name, pod in pods(objects).items()}

    def found(selector: dict[str, str]) -> set[str]:
        return {name for name, its in labels.items() if selector.items() <= its.items()}

    for kind in ("Deployment", "StatefulSet", "PodDisruptionBudget"):
        for name, each in named(objects, kind).items():
            assert found(each["spec"]["selector"]["matchLabels"]) == {name}
    for name, each in named(objects, "Service").items():
        assert found(each["spec"]["selector"]) == {name}
    for name, each in named(objects, "NetworkPolicy").items():
        assert found(each["spec"]["podSelector"]["matchLabels"]) == {name}
    assert named(objects, "PodDisruptionBudget").keys() == PARTS


def test_every_port_that_is_named_is_that_of_a_container(objects: list[dict[str, Any]]) -> None:
    ports = {name: {port["name"] for port in container(pod).get("ports", ())} for name, pod in pods(objects).items()}
    services = named(objects, "Service")
    assert services.keys() == {name for name, its in ports.items() if its}
    for name, service in services.items():
        assert {port["targetPort"] for port in service["spec"]["ports"]} == ports[name]
    for name, pod in pods(objects).items():
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            assert set(_ports_of(container(pod).get(probe, {}))) <= ports[name]
    for ingress in named(objects, "Ingress").values():
        (rule,) = ingress["spec"]["rules"]
        (path,) = rule["http"]["paths"]
        assert path["backend"]["service"] == {"name": "here-reverse-proxy", "port": {"name": "http"}}


def _ports_of(probe: dict[str, Any]) -> Iterator[str]:
    for way in ("httpGet", "tcpSocket"):
        if way in probe:
            yield probe[way]["port"]


def test_each_part_is_asked_whether_it_lives_and_whether_it_can_answer() -> None:
    asked = {}
    parts = {name: pod for name, pod in pods(render(FEATURES["default"])).items() if name in PARTS}
    for name, pod in parts.items():
        probes = [container(pod)[probe] for probe in ("startupProbe", "livenessProbe", "readinessProbe")]
        asked[name] = [probe["httpGet"]["path"] if "httpGet" in probe else None for probe in probes]
    assert asked == {
        "api": ["/healthcheck", "/healthcheck", "/ready"],
        "admin": ["/healthcheck", "/healthcheck", "/ready"],
        "worker-datasets": ["/healthcheck"] * 3,
        "worker-splits": ["/healthcheck"] * 3,
        "reverse-proxy": [None] * 3,
    }


def test_only_the_reverse_proxy_is_reached_from_everywhere() -> None:
    policies = named(render(FEATURES["operators"]), "NetworkPolicy")
    assert policies.keys() == PARTS
    reached: dict[str, list[Any]] = {}
    for name, policy in policies.items():
        assert policy["spec"]["policyTypes"] == ["Ingress", "Egress"]
        (rule,) = policy["spec"]["ingress"]
        reached[name] = rule.get("from", ["everywhere"])
    prometheus = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}
    assert reached.pop("reverse-proxy") == ["everywhere"]
    assert all(prometheus in peers for peers in reached.values())
    besides = {name: [peer for peer in peers if peer != prometheus] for name, peers in reached.items()}
    assert [peer["podSelector"]["matchLabels"]["app.kubernetes.io/component"] for peer in besides.pop("api")] == [
        "reverse-proxy"
    ]
    assert besides.pop("admin") == FEATURES["operators"]["networkPolicies"]["adminFrom"]
    assert besides == {"worker-datasets": [], "worker-splits": []}


def test_only_those_who_need_the_bundled_mongo_reach_it_whatever_else_is_open() -> None:
    open_ = {**FEATURES["bundled-mongo"], "networkPolicies": {"enabled": False}}
    policies = named(render(open_), "NetworkPolicy")
    assert policies.keys() == {"mongo"}
    (rule,) = policies["mongo"]["spec"]["ingress"]
    (peer,) = rule["from"]
    (requirement,) = peer["podSelector"]["matchExpressions"]
    asks = {name for name, pod in pods(render(open_)).items() if "MONGO_URL" in str(container(pod)["env"])}
    assert set(requirement["values"]) == asks | {"mongo"}


def test_migrations_run_before_an_upgrade_by_the_new_admin_image_and_not_at_an_installation() -> None:
    objects = render(FEATURES["given-secrets"])
    (job,) = named(objects, "Job").values()
    assert job["metadata"]["annotations"]["helm.sh/hook"] == "pre-upgrade"
    only, admin = (container(pods(objects)[name]) for name in ("migrations", "admin"))
    assert (only["image"], only["env"]) == (admin["image"], admin["env"])
    verb = " ".join(only["args"])
    assert verb in {each.name for each in VERBS if each.changes}
    assert job["spec"]["template"]["spec"]["restartPolicy"] == "Never"


def test_all_who_have_metrics_are_scraped() -> None:
    objects = render(FEATURES["monitoring"])
    (monitor,) = named(objects, "ServiceMonitor").values()
    selector = monitor["spec"]["selector"]
    (among,) = selector["matchExpressions"]
    found = {
        name
        for name, service in named(objects, "Service").items()
        if selector["matchLabels"].items() <= service["metadata"]["labels"].items()
        and service["metadata"]["labels"][among["key"]] in among["values"]
    }
    assert found == SCRAPED
    (endpoint,) = monitor["spec"]["endpoints"]
    assert endpoint["port"] in {port["name"] for port in named(objects, "Service")["api"]["spec"]["ports"]}
    for kind in ("ServiceMonitor", "PrometheusRule"):
        (each,) = named(objects, kind).values()
        assert each["metadata"]["labels"]["release"] == "operator"


def test_without_monitoring_and_autoscaling_nothing_needs_an_operator() -> None:
    assert not any(map(custom_resources.is_custom, render(FEATURES["default"])))


def test_what_is_scaled_has_no_number_of_its_own() -> None:
    objects = render(FEATURES["autoscaling"])
    scaled = named(objects, "ScaledObject")
    assert scaled.keys() == {"worker-datasets", "worker-splits"}
    assert {each["spec"]["scaleTargetRef"]["name"] for each in scaled.values()} == {f"here-{name}" for name in scaled}
    without = {name for name, each in named(objects, "Deployment").items() if "replicas" not in each["spec"]}
    assert without == scaled.keys()


def test_prometheus_understands_every_rule_and_every_query(tmp_path: Path) -> None:
    checked = run(["promtool", "check", "rules", str(CHART / "files" / "alerts.yaml")])
    assert checked.returncode == 0, checked.stdout + checked.stderr
    rules = [{"record": f"query:{number}", "expr": query} for number, query in enumerate(_queries())]
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump({"groups": [{"name": "queries", "rules": rules}]}))
    checked = run(["promtool", "check", "rules", str(tmp_path / "rules.yaml")])
    assert checked.returncode == 0, checked.stdout + checked.stderr


def _queries() -> list[str]:
    scaled = named(render(FEATURES["autoscaling"]), "ScaledObject").values()
    return [trigger["metadata"]["query"] for each in scaled for trigger in each["spec"]["triggers"]]


def test_the_rules_are_given_to_the_operator_as_they_are() -> None:
    (rule,) = named(render(FEATURES["monitoring"]), "PrometheusRule").values()
    assert rule["spec"] == yaml.safe_load((CHART / "files" / "alerts.yaml").read_text())


def test_nginx_gets_the_template_of_the_reverse_proxy() -> None:
    (configuration,) = named(render(FEATURES["default"]), "ConfigMap").values()
    assert configuration["data"] == {"nginx.conf.template": reverse_proxy.TEMPLATE.read_text()}


def test_the_chart_is_packed_with_everything_that_it_reads(tmp_path: Path) -> None:
    assert run(["helm", "package", str(CHART), "--destination", str(tmp_path)]).returncode == 0
    (packed,) = tmp_path.glob("*.tgz")
    own, of_package = (run(["helm", "template", "here", str(chart)]).stdout for chart in (CHART, packed))
    assert own == of_package
