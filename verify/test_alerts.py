"""The alerts do what they say; they, the dashboard and the pages about them name metrics that there are."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml
from admin.verbs import VERBS
from api.metrics import Failure
from api.routes import ENDPOINTS
from libcommon.errors import Fault
from libqueue.model import Priority, Status
from prometheus_client.parser import text_string_to_metric_families

from e2e.stack_process import ROOT, OwnStack, eventually
from verify.programs import run
from verify.promql import groupings, selectors

RULES_FILE = ROOT / "chart" / "files" / "alerts.yaml"
RULES: list[dict[str, Any]] = [
    rule for group in yaml.safe_load(RULES_FILE.read_text())["groups"] for rule in group["rules"]
]
ALERTS = {rule["alert"]: rule for rule in RULES if "alert" in rule}
RECORDS = {rule["record"]: rule["expr"] for rule in RULES if "record" in rule}
TESTS = [ROOT / "verify" / name for name in ("alerts_test.yaml", "alerts_over_days_test.yaml")]
DASHBOARD = json.loads((ROOT / "chart" / "files" / "dashboard.json").read_text())
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
QUERIES = [target["expr"] for panel in PANELS for target in panel["targets"]]
RUNBOOKS = (ROOT / "docs" / "runbooks.md").read_text()
METRICS_PAGE = (ROOT / "docs" / "metrics.md").read_text()
# Added by the scrape.
OF_SCRAPES = {"job", "instance"}
# What may be asked for, of labels whose values come as things happen. Statuses of HTTP are left out: there are many.
VALUES: dict[str, set[str]] = {
    "type": {"datasets", "splits"},
    "priority": {priority.name.lower() for priority in Priority},
    "namespaces": {"crowded", "other", "paused"},
    "fault": {"", *(fault.value for fault in Fault)},
    "route": {endpoint.path for endpoint in ENDPOINTS},
    "reason": {reason.value for reason in Failure},
}


@dataclass(slots=True)
class Known:
    """A metric of a running service: its kind, what it says of itself, and its samples' labels with their values."""

    kind: str
    about: str
    labels: dict[str, set[str]] = field(default_factory=dict)


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """What each service answers at /metrics, after a little of everything has happened."""
    stack = OwnStack(tmp_path_factory.mktemp("metrics") / "data", ASSETS_QUOTA_BYTES="1000000000")
    try:
        stack.wait_until_ready()
        sample = "samples/bakery-sales"
        eventually(lambda: stack.rows(sample), 120)
        stack.get("/first-rows", dataset="acme/private-notes", config="default", split="train")
        stack.admin.post("/admin/jobs/pause", json={"scope": "type", "name": "datasets"}).raise_for_status()
        stack.admin.post("/admin/datasets/refresh", json={"dataset": sample}).raise_for_status()
        urls = {"api": f"{stack.url}/metrics", "admin": f"{stack.admin.base_url}/metrics"}
        for kind in ("datasets", "splits"):
            lines = stack.log(f"worker-{kind}-1")
            urls[f"worker {kind}"] = (
                next(line["url"] for line in lines if line.get("action") == "listening") + "/metrics"
            )

        def ask() -> dict[str, str]:
            return {service: httpx2.get(url, trust_env=False).text for service, url in urls.items()}

        def has_all(found: dict[str, str]) -> bool:
            return (
                'queue_jobs{namespaces="paused"' in found["admin"]
                and "\nassets_used_bytes " in found["admin"]
                and 'cache_pass_end_seconds{pass="reconciliation"}' in found["admin"]
                and "worker_assets_used_bytes{" in found["worker datasets"]
                and "worker_assets_swept_files_total{" in found["worker datasets"]
                and "worker_preview_seconds_count{" in found["worker datasets"]
                and "api_hub_requests_total{" in found["api"]
            )

        yield eventually(lambda: found if has_all(found := ask()) else {}, 120)
    finally:
        stack.stop()


@pytest.fixture(scope="module")
def families(texts: dict[str, str]) -> dict[str, Known]:
    """The metrics as they are declared, of all services."""
    found: dict[str, Known] = {}
    for text in texts.values():
        for family in text_string_to_metric_families(text):
            if family.name.endswith("_created"):
                continue
            name = f"{family.name}_total" if family.type == "counter" else family.name
            known = found.setdefault(name, Known(family.type, family.documentation))
            for sample in family.samples:
                for label, value in sample.labels.items():
                    known.labels.setdefault(label, set()).add(value)
    return found


@pytest.fixture(scope="module")
def series(families: dict[str, Known]) -> dict[str, Known]:
    """What a query may name: each of the series of a histogram, and what the rules record."""
    found = dict(families)
    for name, known in families.items():
        if known.kind == "histogram":
            rest = {label: values for label, values in known.labels.items() if label != "le"}
            found |= {f"{name}_{part}": Known("histogram", "", rest) for part in ("count", "sum")}
            found[f"{name}_bucket"] = known
    for name, query in RECORDS.items():
        found[name] = Known("record", "", {label: set() for label in groupings(query)})
    return found


def test_promtool_takes_the_rules() -> None:
    checked = run(["promtool", "check", "rules", "--lint=all", "--lint-fatal", str(RULES_FILE)])
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_each_alert_fires_when_it_should_and_is_silent_otherwise() -> None:
    tested = run(["promtool", "test", "rules", *map(str, TESTS)])
    assert tested.returncode == 0, tested.stdout + tested.stderr


@pytest.mark.parametrize("alert", ALERTS)
def test_an_alert_is_tested_both_ways(alert: str) -> None:
    tests = [test for file in TESTS for test in yaml.safe_load(file.read_text())["tests"]]
    cases = [case for test in tests for case in test["alert_rule_test"]]
    assert {"exp_alerts" in case for case in cases if case["alertname"] == alert} == {True, False}


@pytest.mark.parametrize("alert", ALERTS)
def test_an_alert_says_whom_it_wakes_what_is_wrong_and_where_to_read_on(alert: str) -> None:
    rule = ALERTS[alert]
    assert set(rule["labels"]) == {"severity", "runbook"}
    assert rule["labels"]["severity"] in ("page", "ticket")
    assert set(rule["annotations"]) == {"summary", "description"}
    assert re.search(r"\d|\$value", rule["annotations"]["description"]), "a description has numbers"


def test_every_alert_has_a_runbook_and_every_runbook_an_alert() -> None:
    found = re.findall(r"^## (.+)\n`(\w+)`, (page|ticket): ", RUNBOOKS, re.MULTILINE)
    written = [(alert, severity, heading.lower().replace(" ", "-")) for heading, alert, severity in found]
    assert written == [(alert, rule["labels"]["severity"], rule["labels"]["runbook"]) for alert, rule in ALERTS.items()]
    assert len(written) == RUNBOOKS.count("\n## ")


def test_every_command_of_the_runbooks_exists() -> None:
    commands = re.findall(r"python -m admin ([^`\n]+)", RUNBOOKS)
    assert commands
    for command in commands:
        verb = next((verb for verb in VERBS if f"{command} ".startswith(f"{verb.name} ")), None)
        assert verb is not None, command
        options = {option.replace("-", "_") for option in re.findall(r"--(\S+)", command)}
        assert options <= {*verb.parameters.model_fields, "json"}, command


@pytest.mark.parametrize("service", ["api", "admin", "worker datasets", "worker splits"])
def test_promtool_finds_nothing_to_say_of_the_metrics_of_a_running_service(service: str, texts: dict[str, str]) -> None:
    checked = run(["promtool", "check", "metrics"], text=texts[service])
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")


@pytest.mark.parametrize("query", [*[rule["expr"] for rule in RULES], *QUERIES])
def test_a_query_names_metrics_and_labels_that_there_are(query: str, series: dict[str, Known]) -> None:
    named = selectors(query)
    assert named
    labels = set(OF_SCRAPES)
    for selector in named:
        assert selector.name in series, f"no service has {selector.name}"
        known = series[selector.name].labels
        labels |= set(known)
        for label, values in selector.values.items():
            assert label in known, f"{selector.name} has no label {label}"
            if label == "le":
                assert set(values) <= known["le"]
            elif label == "status" and selector.name.startswith("queue_"):
                assert set(values) <= {status.value for status in Status}
            elif label != "status":
                assert set(values) <= VALUES[label]
    assert groupings(query) <= labels


def test_promtool_takes_the_queries_of_the_dashboard(tmp_path: Path) -> None:
    plain = [query.replace("$__rate_interval", "1m") for query in QUERIES]
    rules = [{"record": f"panel:query{number}", "expr": query} for number, query in enumerate(plain)]
    file = tmp_path / "rules.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}))
    checked = run(["promtool", "check", "rules", str(file)])
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_panels_do_not_lie_over_one_another() -> None:
    cells = [
        (x, y)
        for place in (panel["gridPos"] for panel in DASHBOARD["panels"])
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24


def test_the_page_of_metrics_has_each_with_its_kind_labels_and_meaning(families: dict[str, Known]) -> None:
    own = {name: known for name, known in families.items() if not name.startswith(("process_", "python_"))}
    rows = {
        f"| `{name}` | {known.kind} | {', '.join(f'`{label}`' for label in sorted(set(known.labels) - {'le'}))} "
        f"| {known.about} |"
        for name, known in own.items()
    }
    written = {line for line in METRICS_PAGE.splitlines() if line.startswith("| `")}
    assert written == rows, "\n".join(["the rows should be", *sorted(rows)])
