"""The dashboard for Grafana, chart/files/dashboard.json: rows of panels with their queries. `make docs` writes it."""

import json
from dataclasses import dataclass
from typing import Any

_WIDTH = 24
_HEIGHT = 8
_DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}


@dataclass(frozen=True, slots=True)
class Panel:
    """A graph over time: `queries` by what the legend says of each, `limit` a line that matters."""

    title: str
    unit: str
    queries: dict[str, str]
    about: str = ""
    limit: float | None = None
    stacked: bool = False


ROWS: dict[str, list[Panel]] = {
    "Previews": [
        Panel(
            "From push to preview",
            "s",
            {
                name: "histogram_quantile("
                f'{share}, sum by (le) (rate(worker_preview_seconds_bucket{{priority="normal"}}[$__rate_interval])))'
                for name, share in {"median": 0.5, "95 %": 0.95, "99 %": 0.99}.items()
            },
            "The objective: 95 % within 60 s, over 30 days.",
            limit=60,
        ),
        Panel(
            "Previews later than 60 s",
            "percentunit",
            {"of an hour": "preview:slow:ratio_rate1h", "of three days": "preview:slow:ratio_rate3d"},
            "Over 30 days 5 % may be.",
            limit=0.05,
        ),
    ],
    "Queue": [
        Panel(
            "Jobs that wait or run",
            "short",
            {
                "{{type}} {{priority}} {{status}} {{namespaces}}": (
                    "max by (type, priority, status, namespaces) (queue_jobs)"
                )
            },
            stacked=True,
        ),
        Panel(
            "Oldest job that may start",
            "s",
            {"{{type}} {{priority}}": "queue:oldest_ready_job_seconds:max"},
            "Neither of a paused nor of a crowded namespace. 10 minutes are the limit of high priority, 30 of normal.",
            limit=1800,
        ),
        Panel("Dead jobs", "short", {"{{type}}": "max by (type) (queue_dead_jobs)"}),
        Panel(
            "Attempts at jobs, by outcome",
            "ops",
            {"{{type}} {{outcome}}": "sum by (type, outcome) (rate(worker_jobs_total[$__rate_interval]))"},
            stacked=True,
        ),
        Panel(
            "Attempts that failed, by fault",
            "ops",
            {"{{fault}} {{code}}": 'sum by (fault, code) (rate(worker_jobs_total{fault!=""}[$__rate_interval]))'},
            stacked=True,
        ),
        Panel(
            "Workers that are busy; leases lost",
            "short",
            {
                "{{type}} busy": "sum by (type) (worker_working)",
                "{{type}} workers": "count by (type) (worker_working)",
                "taken back": "sum(increase(worker_takeovers_total[$__rate_interval]))",
                "lost": "sum(increase(worker_lost_leases_total[$__rate_interval]))",
            },
        ),
        Panel(
            "Time of an attempt, 95 %",
            "s",
            {
                "{{type}}": "histogram_quantile("
                "0.95, sum by (type, le) (rate(worker_job_seconds_bucket[$__rate_interval])))"
            },
        ),
        Panel(
            "Most memory of an attempt, 95 %",
            "bytes",
            {
                "{{type}}": "histogram_quantile("
                "0.95, sum by (type, le) (rate(worker_job_peak_memory_bytes_bucket[$__rate_interval])))"
            },
        ),
    ],
    "API": [
        Panel(
            "Requests, by status",
            "reqps",
            {"{{status}}": "sum by (status) (rate(api_request_seconds_count[$__rate_interval]))"},
            "500 and 502 may be errors that workers stored; 503 is mostly an answer that isn't ready.",
            stacked=True,
        ),
        Panel(
            "Failures of the api itself",
            "reqps",
            {"{{reason}}": "sum by (reason) (rate(api_failures_total[$__rate_interval]))"},
        ),
        Panel(
            "Time of a request, 99 %",
            "s",
            {
                "{{route}}": "histogram_quantile("
                "0.99, sum by (route, le) (rate(api_request_seconds_bucket[$__rate_interval])))"
            },
        ),
    ],
    "Hub": [
        Panel(
            "Requests of workers to the Hub, by status",
            "reqps",
            {"{{status}}": "sum by (status) (rate(worker_hub_requests_total[$__rate_interval]))"},
            stacked=True,
        ),
        Panel(
            "Checks of the api at the Hub, by status",
            "reqps",
            {"{{status}}": "sum by (status) (rate(api_hub_requests_total[$__rate_interval]))"},
            stacked=True,
        ),
    ],
    "Cache and storage": [
        Panel(
            "Answers, by status",
            "short",
            {"{{kind}} {{status}}": "sum by (kind, status) (max by (kind, status, code) (cache_answers))"},
            stacked=True,
        ),
        Panel(
            "Stale answers",
            "short",
            {"{{kind}}": "sum by (kind) (max by (kind, status, code) (cache_stale_answers))"},
        ),
        Panel("Since the last pass ended", "s", {"{{pass}}": "time() - max by (pass) (cache_pass_end_seconds)"}),
        Panel(
            "Media files",
            "bytes",
            {
                "size": "max(assets_bytes)",
                "counted against the quota": "max(assets_used_bytes)",
                "quota": "max(assets_quota_bytes)",
            },
        ),
        Panel(
            "Free on their disk",
            "percentunit",
            {
                "bytes": "min(assets_disk_free_bytes / assets_disk_bytes)",
                "inodes": "min(assets_disk_free_inodes / (assets_disk_inodes > 0))",
            },
            limit=0.05,
        ),
    ],
    "Mongo and processes": [
        Panel(
            "Connections to Mongo",
            "short",
            {
                "{{job}} open": (
                    "sum by (job) (api_mongo_open_connections or worker_mongo_open_connections"
                    " or admin_mongo_open_connections)"
                ),
                "{{job}} used": (
                    "sum by (job) (api_mongo_used_connections or worker_mongo_used_connections"
                    " or admin_mongo_used_connections)"
                ),
            },
        ),
        Panel(
            "Trouble with Mongo",
            "short",
            {
                "no connection for an api": "sum(increase(api_mongo_failed_connections[$__rate_interval]))",
                "failed calls of workers": "sum(increase(worker_mongo_troubles_total[$__rate_interval]))",
            },
        ),
        Panel(
            "Memory",
            "bytes",
            {"{{job}} {{instance}}": "process_resident_memory_bytes"},
            "An api of several processes doesn't say.",
        ),
    ],
}


def dashboard() -> str:
    """The dashboard, as Grafana keeps it."""
    panels: list[dict[str, Any]] = []
    y = 0
    for title, row in ROWS.items():
        panels.append({"type": "row", "title": title, "gridPos": {"x": 0, "y": y, "w": _WIDTH, "h": 1}})
        y += 1
        # At most three side by side, of one width.
        across = min(len(row), 3)
        for number, panel in enumerate(row):
            place = {"x": number % across * _WIDTH // across, "y": y + number // across * _HEIGHT}
            panels.append(_graph(panel, {**place, "w": _WIDTH // across, "h": _HEIGHT}))
        y += -(-len(row) // across) * _HEIGHT
    document = {
        "uid": "datasets-server",
        "title": "Datasets server",
        "tags": ["datasets-server"],
        "schemaVersion": 39,
        "editable": False,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "templating": {
            "list": [{"name": "datasource", "label": "Prometheus", "type": "datasource", "query": "prometheus"}]
        },
        "panels": [{"id": number, **panel} for number, panel in enumerate(panels, 1)],
    }
    return json.dumps(document, indent=1) + "\n"


def _graph(panel: Panel, place: dict[str, int]) -> dict[str, Any]:
    custom: dict[str, Any] = {"fillOpacity": 10}
    defaults: dict[str, Any] = {"unit": panel.unit, "min": 0, "custom": custom}
    if panel.stacked:
        custom["stacking"] = {"mode": "normal"}
    if panel.limit is not None:
        custom["thresholdsStyle"] = {"mode": "line"}
        steps = [{"color": "green", "value": None}, {"color": "red", "value": panel.limit}]
        defaults["thresholds"] = {"mode": "absolute", "steps": steps}
    return {
        "type": "timeseries",
        "title": panel.title,
        "description": panel.about,
        "datasource": _DATASOURCE,
        "gridPos": place,
        "fieldConfig": {"defaults": defaults, "overrides": []},
        "options": {"tooltip": {"mode": "multi", "sort": "desc"}},
        "targets": [
            {"refId": chr(ord("A") + number), "datasource": _DATASOURCE, "expr": query, "legendFormat": legend}
            for number, (legend, query) in enumerate(panel.queries.items())
        ],
    }
