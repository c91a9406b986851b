"""The admin service over HTTP: closed unless configured, and each verb at its path."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from admin.verb import Verb
from admin.verbs import VERBS
from hub.testing import running_hub
from libqueue.model import JobKey, Limits
from libqueue.queue import Queue
from pymongo import MongoClient
from stack.mongo import free_port, running_mongo

from services.admin.tests.process import RunningAdmin, running_admin

TOKEN = "of the operator in these tests only"
ORGANIZATION = "operators"
HUB_RULES = """
tokens:
  hf_olga: {user: olga, organizations: [others, operators]}
  hf_bob: {user: bob, organizations: [others]}
"""
AS_TOKEN = {"Authorization": f"Bearer {TOKEN}"}
AS_OLGA = {"Authorization": "Bearer hf_olga"}
STRANGERS: dict[str, dict[str, str]] = {
    "nobody": {},
    "an unknown token": {"Authorization": "Bearer hf_nobody"},
    "nearly the token": {"Authorization": f"Bearer {TOKEN[:-1]}"},
    "no token": {"Authorization": "Bearer"},
    "another scheme": {"Authorization": f"Basic {TOKEN}"},
    "a token beyond ASCII": {"Authorization": "Bearer hf_é"},
    "the token in a cookie": {"Cookie": f"token={TOKEN}"},
}


@pytest.fixture(scope="module")
def environment(
    mongo_url: str, module_database_name: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, str]]:
    """The settings of a service, without anybody who may get in."""
    datasets = tmp_path_factory.mktemp("datasets")
    (datasets / "hub.yaml").write_text(HUB_RULES)
    with running_hub(datasets) as hub:
        yield {
            "MONGO_URL": mongo_url,
            "MONGO_QUEUE_DATABASE": f"{module_database_name}_queue",
            "MONGO_CACHE_DATABASE": f"{module_database_name}_cache",
            "ASSETS_STORAGE": str(tmp_path_factory.mktemp("assets")),
            "HF_ENDPOINT": hub.endpoint,
            "HF_TOKEN": "hf_worker",
        }


@pytest.fixture(scope="module")
def closed(environment: dict[str, str]) -> Iterator[RunningAdmin]:
    """A service as it is without settings of its own."""
    with running_admin(environment) as admin:
        yield admin


@pytest.fixture(scope="module")
def admin(environment: dict[str, str]) -> Iterator[RunningAdmin]:
    """A service that lets in who has the token, and members of the organisation."""
    with running_admin({**environment, "ADMIN_TOKEN": TOKEN, "ADMIN_ORGANIZATION": ORGANIZATION}) as running:
        yield running


def ask(admin: RunningAdmin, verb: Verb[Any, Any], headers: dict[str, str]) -> httpx2.Response:
    encoded = {name.encode(): value.encode() for name, value in headers.items()}
    return admin.http.request("POST" if verb.changes else "GET", verb.path, headers=encoded)


each_verb = pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.name)


class TestDoor:
    @each_verb
    @pytest.mark.parametrize("headers", [{}, AS_TOKEN, AS_OLGA], ids=["nobody", "token", "member"])
    def test_without_a_setting_nobody_gets_in(
        self, closed: RunningAdmin, verb: Verb[Any, Any], headers: dict[str, str]
    ) -> None:
        answer = ask(closed, verb, headers)
        assert answer.status_code == 403
        assert "ADMIN_TOKEN" in answer.json()["error"]

    @each_verb
    @pytest.mark.parametrize("who", STRANGERS)
    def test_strangers_do_not_get_in(self, admin: RunningAdmin, verb: Verb[Any, Any], who: str) -> None:
        answer = ask(admin, verb, STRANGERS[who])
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"] == "Bearer"
        assert list(answer.json()) == ["error"]

    @each_verb
    def test_users_of_the_hub_outside_the_organisation_do_not_get_in(
        self, admin: RunningAdmin, verb: Verb[Any, Any]
    ) -> None:
        assert ask(admin, verb, {"Authorization": "Bearer hf_bob"}).status_code == 403

    @each_verb
    @pytest.mark.parametrize("headers", [AS_TOKEN, AS_OLGA], ids=["token", "member"])
    def test_with_the_token_or_as_a_member_the_verb_is_there(
        self, admin: RunningAdmin, verb: Verb[Any, Any], headers: dict[str, str]
    ) -> None:
        answer = ask(admin, verb, headers)
        wants_parameters = {"jobs show", "jobs cancel", "jobs pause", "jobs resume", "jobs cancel-many"}
        wants_parameters |= {"jobs requeue-many", "dead replay", "dead drop"}
        wants_parameters |= {f"datasets {name}" for name in ("show", "refresh", "block", "unblock", "drop")}
        assert answer.status_code == (422 if verb.name in wants_parameters else 200)

    def test_the_list_of_verbs_is_for_those_who_get_in(self, admin: RunningAdmin, closed: RunningAdmin) -> None:
        assert closed.http.get("/admin").status_code == 403
        assert admin.http.get("/admin").status_code == 401
        listed = admin.http.get("/admin", headers=AS_OLGA).raise_for_status().json()["verbs"]
        assert [(verb["method"], verb["path"]) for verb in listed] == [
            ("POST" if verb.changes else "GET", verb.path) for verb in VERBS
        ]

    def test_what_was_refused_changed_nothing(self, admin: RunningAdmin) -> None:
        body = {"scope": "type", "name": "splits"}
        for headers in ({}, {"Authorization": "Bearer hf_bob"}, {"Authorization": "Bearer hf_nobody"}):
            assert admin.http.post("/admin/jobs/pause", json=body, headers=headers).status_code in (401, 403)
        listed = admin.http.get("/admin/jobs/list", headers=AS_TOKEN).json()
        assert listed["pauses"] == []

    def test_a_hub_that_does_not_answer_lets_nobody_in(self, environment: dict[str, str]) -> None:
        away = {"HF_ENDPOINT": f"http://127.0.0.1:{free_port()}", "ADMIN_ORGANIZATION": ORGANIZATION}
        with running_admin({**environment, **away}) as admin:
            answer = admin.http.get("/admin/overview", headers=AS_OLGA)
            assert answer.status_code == 502
            assert "can't be asked" in answer.json()["error"]

    def test_the_token_is_in_no_log_and_no_audit(self, admin: RunningAdmin) -> None:
        admin.http.post("/admin/datasets/refresh", json={"dataset": "acme/csv"}, headers=AS_TOKEN).raise_for_status()
        admin.http.post("/admin/datasets/refresh", json={"dataset": "acme/csv"}, headers=AS_OLGA).raise_for_status()
        changes = admin.http.get("/admin/audit/list", headers=AS_TOKEN).json()["changes"]
        assert [change["who"] for change in changes[:2]] == ["hub:olga", "token"]
        said = f"{admin.log} {changes}"
        assert TOKEN not in said
        assert "hf_olga" not in said


class TestRequests:
    def test_parameters_come_by_query_and_by_body(self, admin: RunningAdmin) -> None:
        pause = {"scope": "dataset", "name": "acme/paused"}
        said = admin.http.post("/admin/jobs/pause", json=pause, headers=AS_TOKEN).raise_for_status().json()
        assert said == {"said": "dataset acme/paused is paused"}
        again = admin.http.post("/admin/jobs/pause", json=pause, headers=AS_TOKEN)
        assert (again.status_code, again.json()) == (404, {"error": "dataset acme/paused is paused already"})
        admin.http.post("/admin/jobs/resume", json=pause, headers=AS_TOKEN).raise_for_status()
        listed = admin.http.get("/admin/jobs/list", params={"limit": "1"}, headers=AS_TOKEN).raise_for_status().json()
        assert len(listed["jobs"]) <= 1

    @pytest.mark.parametrize(
        ("method", "path", "options", "expected"),
        [
            ("GET", "/admin/jobs/list?limit=0", {}, "limit: Input should be greater"),
            ("GET", "/admin/jobs/list?limit=1&limit=2", {}, "twice"),
            ("GET", "/admin/jobs/list?foo=1", {}, "foo: Extra inputs"),
            ("GET", "/admin/datasets/show?dataset=a/b/c", {}, "expected NAMESPACE/NAME or NAME"),
            ("POST", "/admin/datasets/block", {"content": b"{"}, "no JSON object"),
            ("POST", "/admin/datasets/block", {"content": b"\xff"}, "no JSON object"),
            ("POST", "/admin/datasets/block", {"content": b"[]"}, "no JSON object"),
            ("POST", "/admin/datasets/block", {"content": b" " * 100_001}, "more than 100000 bytes"),
            ("POST", "/admin/datasets/block", {"json": {"dataset": 1}}, "dataset: Input should be a valid string"),
            ("POST", "/admin/datasets/block?dataset=acme/csv", {}, "in the body"),
        ],
    )
    def test_a_bad_request_is_refused_with_what_was_expected(
        self, admin: RunningAdmin, method: str, path: str, options: dict[str, Any], expected: str
    ) -> None:
        answer = admin.http.request(method, path, headers=AS_TOKEN, **options)
        assert answer.status_code == 422
        assert expected in answer.json()["error"]

    @pytest.mark.parametrize(
        ("method", "path", "status"),
        [("GET", "/nothing", 404), ("GET", "/admin/", 404), ("GET", "/admin/jobs", 404), ("DELETE", "/admin", 405)]
        + [("GET", "/admin/jobs/cancel", 405), ("POST", "/admin/overview", 405)],
    )
    def test_a_path_or_method_that_is_not_there_is_said_in_json(
        self, admin: RunningAdmin, method: str, path: str, status: int
    ) -> None:
        answer = admin.http.request(method, path, headers=AS_TOKEN)
        assert answer.status_code == status
        assert list(answer.json()) == ["error"]

    def test_long_work_is_done_in_steps_from_cursor_to_cursor(
        self, admin: RunningAdmin, environment: dict[str, str]
    ) -> None:
        with MongoClient[dict[str, Any]](environment["MONGO_URL"]) as mongo:
            queue = Queue(mongo[environment["MONGO_QUEUE_DATABASE"]], Limits())
            queue.add_many([JobKey("datasets", f"many/{number}") for number in range(501)])
        which = {"namespace": "many"}
        first = admin.http.post("/admin/jobs/cancel-many", json=which, headers=AS_TOKEN).raise_for_status().json()
        assert first["done"] == {"cancelled": 500}
        rest = {**which, "cursor": first["cursor"]}
        last = admin.http.post("/admin/jobs/cancel-many", json=rest, headers=AS_TOKEN).raise_for_status().json()
        assert last == {"done": {"cancelled": 1}, "cursor": None}


class TestMonitoring:
    def test_monitors_need_no_token(self, closed: RunningAdmin) -> None:
        assert closed.http.get("/healthcheck").json() == {"status": "ok"}
        assert closed.http.get("/ready").json() == {"status": "ready"}
        assert "admin_mongo_up 1.0" in closed.http.get("/metrics").text

    def test_the_metrics_count_what_is_there(
        self, environment: dict[str, str], mongo_url: str, module_database_name: str
    ) -> None:
        names = {f"MONGO_{kind.upper()}_DATABASE": f"{module_database_name}_{kind}_2" for kind in ("queue", "cache")}
        with running_admin({**environment, **names, "ADMIN_TOKEN": TOKEN}) as admin:
            for dataset in ("acme/one", "acme/two"):
                admin.http.post("/admin/datasets/refresh", json={"dataset": dataset}, headers=AS_TOKEN)
            admin.http.post("/admin/datasets/block", json={"dataset": "acme/three"}, headers=AS_TOKEN)
            text = admin.http.get("/metrics").text
        label = 'namespaces="other",priority="normal",status="ready",type="datasets"'
        assert f"queue_jobs{{{label}}} 2.0" in text
        assert f"queue_oldest_job_seconds{{{label}}} " in text
        assert "cache_blocked_datasets 1.0" in text
        assert "assets_disk_free_bytes " in text
        assert "acme" not in text


class TestProcess:
    def test_it_starts_without_mongo_and_is_ready_when_that_answers(
        self, environment: dict[str, str], tmp_path: Path
    ) -> None:
        with running_mongo(tmp_path) as mongo:
            mongo.process.send_signal(signal.SIGSTOP)
            settings = {"MONGO_URL": f"{mongo.url}/?serverSelectionTimeoutMS=500&socketTimeoutMS=500"}
            with running_admin({**environment, **settings, "ADMIN_TOKEN": TOKEN}) as admin:
                assert admin.http.get("/healthcheck").status_code == 200
                assert "admin_mongo_up 0.0" in admin.http.get("/metrics").text
                answer = admin.http.get("/ready")
                assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
                mongo.process.send_signal(signal.SIGCONT)
                assert admin.http.get("/ready").status_code == 200
                assert admin.http.get("/admin/overview", headers=AS_TOKEN).status_code == 200

    def test_sigterm_stops_it_with_exit_code_0(self, environment: dict[str, str]) -> None:
        with running_admin(environment) as admin:
            assert admin.http.get("/healthcheck").status_code == 200
            assert admin.stop(signal.SIGTERM) == 0

    @pytest.mark.parametrize(
        ("setting", "expected"),
        [
            ({"ADMIN_TOKEN": "short"}, "ADMIN_TOKEN: expected at least 32 printable ASCII characters"),
            ({"ADMIN_PORT": "many"}, "ADMIN_PORT: "),
            ({"MONGO_URL": ""}, "MONGO_URL: Field required"),
            ({"ADMIN_HOST": "192.0.2.1"}, "ADMIN_HOST, ADMIN_PORT: can't listen on 192.0.2.1"),
        ],
    )
    def test_a_wrong_setting_ends_it_at_once_with_one_line(
        self, environment: dict[str, str], setting: dict[str, str], expected: str
    ) -> None:
        settings = {"PATH": os.environ["PATH"], **environment, **setting}
        ran = subprocess.run(
            [sys.executable, "-m", "admin", "serve"], env=settings, capture_output=True, text=True, timeout=60
        )
        assert ran.returncode == 2
        assert ran.stderr.startswith(expected)
        assert ran.stderr.count("\n") == 1
