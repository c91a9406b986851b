"""The Helm chart as Helm renders it, with the values of each of its optional features."""

import json
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from verify.programs import run

CHART = Path(__file__).parent.parent / "chart"
RELEASE, NAMESPACE = "here", "previews"
DEFAULTS: dict[str, Any] = yaml.safe_load((CHART / "values.yaml").read_text())
SECRETS = {
    "ADMIN_TOKEN": "an admin token of thirty-two letters",
    "ASSETS_SIGNING_KEYS": "a signing key of thirty-two letters",
    "AWS_ACCESS_KEY_ID": "the key of the bucket",
    "AWS_SECRET_ACCESS_KEY": "the secret of that key",
    "HF_TOKEN": "hf_of_the_workers",
    "HF_WEBHOOK_SECRET": "what the webhook carries",
    "HF_WEBHOOK_PREVIOUS_SECRET": "what the webhook carried before",
    "MONGO_URL": "mongodb://user:password@mongo.example:27017/?replicaSet=rs0",
}
_MONITORING = {"enabled": True, "prometheus": "http://prometheus.monitoring:9090", "labels": {"release": "operator"}}
_PLACE = {
    "nodeSelector": {"pool": "workers"},
    "tolerations": [{"key": "workers", "operator": "Exists", "effect": "NoSchedule"}],
}


def _environment(name: str) -> dict[str, Any]:
    values: dict[str, Any] = yaml.safe_load((CHART / "env" / f"{name}.yaml").read_text())
    return values


FEATURES: dict[str, dict[str, Any]] = {
    "default": {},
    "dev": _environment("dev"),
    "prod": _environment("prod"),
    "autoscaling": {
        "services": {f"worker-{kind}": {"autoscaling": {"enabled": True}} for kind in ("datasets", "splits")},
        "monitoring": _MONITORING,
    },
    "bucket": {
        "assets": {"bucket": "s3://media/previews"},
        "settings": {"AWS_REGION": "eu-west-1", "AWS_ENDPOINT_URL_S3": "https://s3.example"},
    },
    "bundled-mongo": {"mongo": {"bundled": {"enabled": True, "storageClassName": "fast"}}},
    "bundled-mongo-with-given-secrets": {
        "mongo": {"bundled": {"enabled": True}},
        "secrets": {"given": {name: value for name, value in SECRETS.items() if name != "MONGO_URL"}},
    },
    "certificates": {"certificates": {"configMap": "authorities", "key": "ours.pem"}},
    "existing-claim": {"assets": {"volume": {"existingClaim": "media"}}},
    "existing-secret": {"secrets": {"existing": "ours"}},
    "given-secrets": {"secrets": {"existing": "", "given": SECRETS}},
    "images": {"images": {"prefix": "registry.example/d", "tag": "1.2", "pullSecrets": ["registry"]}},
    "ingress": {"ingress": {"enabled": True, "host": "previews.example"}},
    "ingress-with-tls": {
        "ingress": {
            "enabled": True,
            "className": "nginx",
            "host": "previews.example",
            "tlsSecret": "tls",
            "annotations": {"cert-manager.io/cluster-issuer": "ours"},
        }
    },
    "monitoring": {"monitoring": _MONITORING},
    "network-policies-off": {"networkPolicies": {"enabled": False}},
    "operators": {"networkPolicies": {"adminFrom": [{"podSelector": {"matchLabels": {"operates": "datasets"}}}]}},
    "places": {"services": dict.fromkeys(DEFAULTS["services"], _PLACE)},
    "storage-class": {"assets": {"volume": {"storageClassName": "nfs", "size": "2Ti"}}},
}


def helm(*command: str, values: Mapping[str, Any]) -> subprocess.CompletedProcess[str]:
    """Runs a command of Helm's with these values."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(values, file)
        file.flush()
        return run(["helm", *command, "--values", file.name])


def template(values: Mapping[str, Any]) -> subprocess.CompletedProcess[str]:
    """What `helm template` makes of the chart and says about it."""
    return helm("template", RELEASE, str(CHART), "--namespace", NAMESPACE, values=values)


def render(values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The objects that are made with these values."""
    made = template(values)
    assert made.returncode == 0, made.stderr
    return [each for each in yaml.safe_load_all(made.stdout) if each]


def named(objects: list[dict[str, Any]], kind: str) -> dict[str, dict[str, Any]]:
    """The objects of a kind, by their names without that of the release."""
    found = [each for each in objects if each["kind"] == kind]
    return {each["metadata"]["name"].removeprefix(f"{RELEASE}-"): each for each in found}


def pods(objects: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The templates of all pods, by the names of what makes them."""
    makers = {**named(objects, "Deployment"), **named(objects, "StatefulSet"), **named(objects, "Job")}
    assert {each["kind"] for each in objects}.isdisjoint({"CronJob", "DaemonSet", "Pod", "ReplicaSet"})
    return {name: maker["spec"]["template"] for name, maker in makers.items()}


def container(pod: Mapping[str, Any]) -> dict[str, Any]:
    """The one container of a pod."""
    (only,) = pod["spec"]["containers"]
    assert isinstance(only, dict)
    return only


def variables(pod: Mapping[str, Any], secrets: Mapping[str, str]) -> dict[str, str]:
    """The environment of a pod's container, where the Secret that it reads has `secrets`."""
    found: dict[str, str] = {}
    for each in container(pod)["env"]:
        assert each["name"] not in found
        if "value" in each:
            found[each["name"]] = each["value"]
        else:
            found[each["name"]] = secrets[each["valueFrom"]["secretKeyRef"]["key"]]
    return found


def mappings(values: Mapping[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The paths of all mappings in the values, the outermost one too."""
    yield path
    for name, value in values.items():
        if isinstance(value, dict):
            yield from mappings(value, (*path, name))
