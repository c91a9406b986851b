"""INSTALL.md names what there is: settings, commands, alerts and pages."""

import re
from typing import Any

import pytest
import yaml
from admin.verbs import VERBS

from docs.generate import HERE, configuration_page

ROOT = HERE.parent
GUIDE = (ROOT / "INSTALL.md").read_text()
LINKS = sorted(set(re.findall(r"\]\(([^)\s]+)\)", GUIDE)))
GROUPS: list[dict[str, Any]] = yaml.safe_load((ROOT / "chart" / "files" / "alerts.yaml").read_text())["groups"]
ALERTS = {rule["alert"]: rule["labels"] for group in GROUPS for rule in group["rules"] if "alert" in rule}
# Variables that libraries and programs know by themselves.
OF_OTHERS = {
    "AWS_ACCESS_KEY_ID",
    "AWS_REGION",
    "AWS_SECRET_ACCESS_KEY",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "NO_PROXY",
    "PYTHON_IMAGE",
    "REQUESTS_CA_BUNDLE",
    "SSL_CERT_FILE",
}
# Commands that aren't verbs.
COMMANDS = {"backup DIRECTORY", "restore DIRECTORY", "serve"}


def test_every_setting_that_it_names_exists() -> None:
    stack = (ROOT / "tools" / "stack" / "README.md").read_text()
    known = set(re.findall(r"`([A-Z][A-Z_]+)`", configuration_page() + stack))
    named = set(re.findall(r"\b([A-Z]+(?:_[A-Z]+)+)\b", GUIDE))
    assert named - OF_OTHERS <= known


def test_every_command_that_it_names_exists() -> None:
    commands = set(re.findall(r"python -m admin ([a-z][^`|#\n]*)", GUIDE))
    assert commands > COMMANDS
    for command in {command.strip() for command in commands} - COMMANDS:
        verb = next((verb for verb in VERBS if f"{command} ".startswith(f"{verb.name} ")), None)
        assert verb is not None, command
        options = {option.replace("-", "_") for option in re.findall(r"--(\S+)", command)}
        assert options <= {*verb.parameters.model_fields, "json"}, command


def test_it_leads_from_every_alert_to_its_runbook() -> None:
    found = re.findall(r"^\| \[(\w+)\]\(docs/runbooks\.md#([\w-]+)\) \| (\w+) \|", GUIDE, re.MULTILINE)
    assert found == [(alert, labels["runbook"], labels["severity"]) for alert, labels in ALERTS.items()]


@pytest.mark.parametrize("link", [link for link in LINKS if "://" not in link])
def test_a_link_leads_to_a_page_and_a_heading_that_there_are(link: str) -> None:
    name, _, anchor = link.partition("#")
    page = ROOT / (name or "INSTALL.md")
    assert page.exists()
    assert not anchor or anchor in _anchors(page.read_text())


def _anchors(text: str) -> set[str]:
    """As GitHub makes them of headings."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
