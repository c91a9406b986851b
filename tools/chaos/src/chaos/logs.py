"""What the processes' own logs say."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from chaos.counts import Counts


def lines(logs: Path, pattern: str) -> Iterator[dict[str, Any]]:
    """The structured lines of the logs with such names; other lines, and what a kill cut off, are passed over."""
    for log in sorted(logs.glob(pattern)):
        for line in log.read_text(errors="replace").splitlines():
            try:
                found = json.loads(line)
            except ValueError:
                continue
            if isinstance(found, dict):
                yield found


def count_outcomes(logs: Path, station: str, counts: Counts) -> list[str]:
    """Count how attempts ended, and the events that the api took; returns the outcomes that are bugs, in words."""
    bugs = []
    for line in lines(logs, f"{station}-worker-*.log"):
        if line.get("event") == "job" and line.get("action") == "end":
            outcome, code = line["outcome"], line.get("code")
            counts.add(f"attempts at {line['type']}", f"{outcome} ({code})" if code else outcome)
            if code == "UnexpectedError":
                bugs.append(f"a bug: {line}")
        elif line.get("level") == "error":
            bugs.append(f"an error in a worker's log: {line}")
    for line in lines(logs, f"{station}-api-*.log"):
        if line.get("action") == "webhook":
            counts.add("events that the api took", f"closes {line['closes']}")
    return bugs
