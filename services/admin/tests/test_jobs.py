"""What operators do with the queue at the command line."""

import os
import re
import subprocess
import sys
from datetime import UTC, datetime

import pytest
from admin.verbs.jobs import PARTS
from libqueue.model import JobKey, LeaseLostError, Limits, Setback
from libqueue.pauses import Scope
from libqueue.queue import Queue
from stack.mongo import free_port
from worker.jobs import JOB_TYPES

from services.admin.tests.operator import Operator, Ran, as_program

CSV = JobKey("datasets", "acme/csv")
TRAIN = JobKey("splits", "acme/csv", "default", "train")
OTHER = JobKey("datasets", "other/one")


def test_the_commands_know_every_type_of_job() -> None:
    assert list(PARTS) == list(JOB_TYPES)


class TestList:
    def test_an_empty_queue_is_listed_too(self, operator: Operator) -> None:
        assert operator.run("jobs", "list") == Ran(0, "the queue is empty\n\nnothing to list\n", "")

    def test_it_counts_and_lines_up_what_there_is(self, operator: Operator) -> None:
        operator.installation.die(JobKey("splits", "acme/images", "default", "train"))
        operator.queue.add(TRAIN)
        operator.queue.retry(operator.installation.claim("splits"), delay_seconds=5400, setback=Setback.FAILURE)
        operator.queue.add(CSV)
        operator.queue.pause(Scope.TYPE, "datasets")
        ran = operator.run("jobs", "list")
        assert (ran.code, ran.err) == (0, "")
        summary, jobs = ran.out.strip().split("\n\n")
        counts, paused = summary.splitlines()
        assert counts == "datasets: 1 ready; splits: 1 delayed, 1 dead"
        assert re.fullmatch(r"paused: type datasets, \d+ s ago", paused)
        heading, *rows = jobs.splitlines()
        assert heading.split()[:5] == ["STATUS", "TYPE", "DATASET", "CONFIG", "SPLIT"]
        assert {row[heading.index("DATASET") :].split()[0] for row in rows} == {"acme/csv"}
        assert {row[heading.index("SETBACKS") : heading.index("OWNER")].strip() for row in rows} == {"-", "failures 1"}
        assert {row[heading.index("DUE") : heading.index("ATTEMPT")].strip() for row in rows} == {"-", "in 1 h"}
        dead = operator.run("dead", "list").out
        assert "acme/images" in dead
        assert "The Hub is down." in dead

    def test_as_json_it_is_one_document_with_times_in_utc(self, operator: Operator) -> None:
        operator.queue.add(TRAIN)
        operator.installation.claim("splits")
        operator.installation.die(CSV)
        listed = operator.run("jobs", "list", "--json").json
        assert set(listed) == {"at", "counts", "pauses", "jobs"}
        assert listed["counts"] == {
            "jobs": {"splits": {"ready": 0, "delayed": 0, "parked": 0, "running": 1}},
            "dead": {"datasets": 1},
        }
        (job,) = listed["jobs"]
        assert (job["status"], job["priority"], job["owner"]) == ("running", "normal", "worker-of-a-test")
        assert (job["type"], job["dataset"], job["config"], job["split"]) == ("splits", "acme/csv", "default", "train")
        assert job["setbacks"] == dict.fromkeys(("failures", "crashes", "out_of_memory", "timeouts", "lost_leases"), 0)
        times = [datetime.fromisoformat(job[name]) for name in ("created_at", "started_at", "due_at")]
        assert times == sorted(times)
        assert {time.tzinfo for time in times} == {UTC}
        (death,) = operator.json("dead", "list")["dead"]
        assert (death["code"], death["message"]) == ("HfHubError", "The Hub is down.")

    def test_only_what_is_asked_for_is_listed(self, operator: Operator) -> None:
        operator.installation.die(CSV)
        operator.installation.die(OTHER, code="DiskError")
        operator.queue.add(TRAIN)
        operator.queue.add(OTHER)

        def listed(what: str, *arguments: str) -> list[str]:
            return [f"{each['type']} {each['dataset']}" for each in operator.json(what, "list", *arguments)[what]]

        assert listed("dead") == ["datasets other/one", "datasets acme/csv"]
        assert listed("dead", "--code", "HfHubError") == ["datasets acme/csv"]
        assert listed("dead", "--namespace", "other", "--type", "datasets") == ["datasets other/one"]
        assert listed("dead", "--offset", "1") == ["datasets acme/csv"]
        assert listed("jobs", "--status", "ready", "--type", "splits") == ["splits acme/csv"]
        assert listed("jobs", "--namespace", "other") == ["datasets other/one"]
        assert listed("jobs", "--dataset", "acme/csv") == ["splits acme/csv"]
        assert listed("jobs", "--status", "running") == []
        assert listed("jobs", "--limit", "1") + listed("jobs", "--offset", "1") == listed("jobs")

    def test_a_limit_that_is_reached_is_said(self, operator: Operator) -> None:
        for name in ("train", "test"):
            operator.queue.add(JobKey("splits", "acme/csv", "default", name))
        ran = operator.run("jobs", "list", "--limit", "1")
        assert "acme/csv  default  train" in ran.out
        assert "acme/csv  default  test" not in ran.out
        assert "--limit" in ran.out
        assert "--limit" not in operator.run("jobs", "list").out

    def test_names_and_messages_can_not_write_to_the_terminal_as_they_like(self, operator: Operator) -> None:
        operator.queue.add(JobKey("splits", "acme/csv", "\x1b[2J", "a\nb"))
        operator.installation.die(CSV, message="two\nlines")
        said = operator.done("jobs", "list") + operator.done("dead", "list")
        assert "\\x1b[2J  a\\nb" in said
        assert "two\\nlines" in said
        assert "\x1b" not in said


class TestShow:
    def test_it_tells_all_about_a_job(self, operator: Operator) -> None:
        operator.queue.add(TRAIN, payload={"revision": "abc"})
        operator.installation.claim("splits")
        operator.queue.add(TRAIN, payload={"revision": "def"})
        operator.queue.pause(Scope.NAMESPACE, "acme")
        ran = operator.run("jobs", "show", "splits", "acme/csv", "default", "train")
        assert ran.code == 0
        for line in (
            r"splits acme/csv default train",
            r"status: +running, again",
            r"owner: +worker-of-a-test",
            r'payload: +\{"revision":"abc"\}',
            r'next payload: +\{"revision":"def"\}',
            r"paused: namespace acme, \d+ s ago",
        ):
            assert re.search(f"^{line}$", ran.out, re.MULTILINE), f"{line} is not in:\n{ran.out}"

    def test_it_tells_of_a_death_and_of_former_runs(self, operator: Operator) -> None:
        operator.installation.die(CSV)
        ran = operator.run("jobs", "show", "datasets", "acme/csv")
        assert re.search(r"^  message: +The Hub is down\.$", ran.out, re.MULTILINE)
        assert re.search(r"^\d+ s ago +datasets +acme/csv +- +- +dead +HfHubError ", ran.out, re.MULTILINE)
        shown = operator.run("jobs", "show", "datasets", "acme/csv", "--json").json
        shown = shown["view"]
        assert set(shown) == {"job", "payload", "next_payload", "dead", "paused_by", "history"}
        assert shown["job"] is None
        assert shown["dead"]["code"] == "HfHubError"
        assert [run["outcome"] for run in shown["history"]] == ["dead"]

    def test_a_job_that_never_was_is_not_found(self, operator: Operator) -> None:
        ran = operator.run("jobs", "show", "datasets", "acme/nothing", "--json")
        assert (ran.code, ran.out) == (1, "")
        assert ran.err == "datasets acme/nothing: no such job waits, runs, is dead or ended lately\n"


class TestDead:
    def test_a_dead_job_is_queued_again(self, operator: Operator) -> None:
        operator.installation.die(TRAIN)
        operator.installation.die(JobKey("splits", "acme/csv", "default", "test"))
        key = ("--type", "splits", "--dataset", "acme/csv", "--config", "default", "--split", "train")
        assert operator.done("dead", "replay", *key) == "queued again: 1\n"
        assert operator.installation.claim("splits").key == TRAIN
        assert operator.run("dead", "replay", *key) == Ran(1, "queued again: 0\n", "")

    def test_the_dead_of_a_code_are_queued_again(self, operator: Operator) -> None:
        operator.installation.die(TRAIN)
        operator.installation.die(CSV, code="DiskError")
        assert operator.json("dead", "replay", "--code", "HfHubError")["done"] == {"queued_again": 1}
        assert operator.installation.jobs() == {str(TRAIN)}
        assert operator.installation.dead() == {str(CSV)}
        assert operator.run("dead", "replay", "--all").code == 0
        assert operator.installation.dead() == set()

    def test_those_that_are_dropped_are_neither_dead_nor_queued(self, operator: Operator) -> None:
        operator.installation.die(TRAIN)
        operator.installation.die(CSV)
        assert operator.done("dead", "drop", "--type", "splits") == "dropped: 1\n"
        assert operator.installation.dead() == {str(CSV)}
        assert operator.installation.jobs() == set()

    def test_many_are_replayed_step_by_step(self, operator: Operator, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("admin.verbs.dead.STEP", 2)
        dead = [JobKey("splits", "acme/csv", "default", f"split-{number}") for number in range(5)]
        for key in dead:
            operator.installation.die(key)
        assert operator.json("dead", "replay", "--all") == {"done": {"queued_again": 5}, "cursor": None}
        assert operator.installation.jobs() == {str(key) for key in dead}
        parameters = [change["parameters"] for change in operator.json("audit", "list")["changes"]]
        assert [bool(given.get("cursor")) for given in parameters] == [True, True, False]


class TestCancel:
    def test_one_job_is_cancelled(self, operator: Operator) -> None:
        operator.queue.add(CSV)
        operator.queue.add(TRAIN)
        assert operator.run("jobs", "cancel", "datasets", "acme/csv") == Ran(0, "datasets acme/csv is cancelled\n", "")
        assert operator.installation.jobs() == {str(TRAIN)}
        nothing = operator.run("jobs", "cancel", "datasets", "acme/csv")
        assert nothing == Ran(1, "", "datasets acme/csv: no such job waits or runs\n")

    def test_many_are_cancelled_step_by_step(self, operator: Operator, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("admin.verbs.jobs.STEP", 2)
        for number in range(5):
            operator.queue.add(JobKey("splits", "acme/csv", "default", f"split-{number}"))
        operator.queue.add(CSV)
        operator.queue.add(OTHER)
        cancelled = operator.json("jobs", "cancel-many", "--dataset", "acme/csv", "--type", "splits")
        assert cancelled["done"] == {"cancelled": 5}
        assert operator.installation.jobs() == {str(CSV), str(OTHER)}
        assert operator.json("jobs", "cancel-many", "--all")["done"] == {"cancelled": 2}
        assert operator.run("jobs", "cancel-many", "--all").code == 1

    def test_a_run_that_is_cancelled_loses_its_lease(self, operator: Operator) -> None:
        operator.queue.add(CSV)
        claim = operator.installation.claim("datasets")
        operator.done("jobs", "cancel-many", "--status", "running")
        with pytest.raises(LeaseLostError):
            operator.queue.beat(claim)

    def test_what_is_requeued_begins_again_with_its_datasets(
        self, operator: Operator, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("admin.verbs.jobs.STEP", 2)
        for number in range(3):
            operator.queue.add(JobKey("splits", "acme/csv", "default", f"split-{number}"))
        operator.queue.add(OTHER)
        requeued = operator.json("jobs", "requeue-many", "--all")
        assert requeued["done"]["cancelled"] == 3
        assert operator.installation.jobs() == {str(CSV), str(OTHER)}

    def test_its_help_warns_that_answers_stay(self, operator: Operator) -> None:
        ran = operator.run("jobs", "cancel", "--help")
        assert ran.code == 0
        assert "answers that are stored stay" in " ".join(ran.out.split())


@pytest.mark.parametrize(("scope", "name"), [("type", "datasets"), ("namespace", "acme"), ("dataset", "acme/csv")])
def test_what_is_paused_does_not_start_until_it_is_resumed(operator: Operator, scope: str, name: str) -> None:
    operator.queue.add(CSV)
    assert operator.run("jobs", "pause", scope, name) == Ran(0, f"{scope} {name} is paused\n", "")
    assert operator.run("jobs", "pause", scope, name) == Ran(1, "", f"{scope} {name} is paused already\n")
    assert operator.queue.claim("datasets", "me") is None
    assert [(pause["scope"], pause["name"]) for pause in operator.run("jobs", "list", "--json").json["pauses"]] == [
        (scope, name)
    ]
    assert operator.run("jobs", "resume", scope, name) == Ran(0, f"{scope} {name} goes on\n", "")
    assert operator.run("jobs", "resume", scope, name) == Ran(1, "", f"{scope} {name} is not paused\n")
    # Another process: what a queue knows of pauses may be a second old.
    fresh = Queue(operator.installation.queue_database, Limits())
    claim = fresh.claim("datasets", "me")
    assert claim is not None
    assert claim.key == CSV


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["jobs", "show", "rows", "acme/csv"], "'datasets' or 'splits'"),
        (["jobs", "show", "datasets", "a/b/c"], "expected NAMESPACE/NAME or NAME"),
        (["jobs", "show", "datasets"], "DATASET"),
        (["jobs", "show", "splits", "acme/csv"], "named by DATASET CONFIG SPLIT"),
        (["jobs", "show", "datasets", "acme/csv", "default", "train"], "named by DATASET"),
        (["jobs", "pause", "namespace", "acme/csv"], "expected the part of a dataset's name before the /"),
        (["jobs", "pause", "type", "rows"], "'datasets' or 'splits'"),
        (["jobs", "list", "--limit", "0"], "limit: Input should be greater than or equal to 1"),
        (["jobs", "list", "--status", "done"], "status: Input should be"),
        (["jobs", "cancel-many"], "say which, or all"),
        (["jobs", "cancel-many", "--all", "--type", "splits"], "say which, or all"),
        (["jobs", "cancel-many", "--all", "--cursor", "x"], "expected the cursor of the step before"),
        (["dead", "replay"], "say which, or all"),
        (["dead", "drop", "--all", "--cursor", "x"], "expected the cursor of the step before"),
        (["answers", "list", "--code", "NoSuchError"], "no error code of an answer"),
        (["answers", "list", "--status", "418"], "expected one of 200"),
        (["answers", "list", "--cursor", "x"], "expected the cursor of the page before"),
        (["assets", "sweep", "--cursor", "x"], "expected the cursor of the step before"),
        (["assets", "repair", "--cursor", "x"], "expected the cursor of the step before"),
        (["migrations", "apply", "--cursor", "x"], "expected the cursor of the step before"),
        (["datasets", "block"], "DATASET"),
        (["jobs"], "COMMAND"),
        ([], "COMMAND"),
    ],
)
def test_bad_usage_is_refused_with_what_was_expected(operator: Operator, arguments: list[str], expected: str) -> None:
    ran = operator.run(*arguments)
    assert (ran.code, ran.out) == (2, "")
    assert expected in ran.err.splitlines()[-1]


class TestAsProgram:
    def test_the_queue_is_listed_with_no_more_than_the_address_of_mongo(
        self, mongo_url: str, database_name: str
    ) -> None:
        ran = as_program("jobs", "list", MONGO_URL=mongo_url, MONGO_QUEUE_DATABASE=f"{database_name}_queue")
        assert ran == Ran(0, "the queue is empty\n\nnothing to list\n", "")

    def test_a_mongo_that_is_down_is_one_clear_line_without_credentials(self) -> None:
        ran = as_program("jobs", "list", MONGO_URL=f"mongodb://root:secret@127.0.0.1:{free_port()}")
        assert ran == Ran(2, "", "MONGO_URL: no Mongo server answers; expected one that runs and lets us in\n")

    def test_an_address_that_is_none_is_one_clear_line_without_credentials(self) -> None:
        ran = as_program("jobs", "list", MONGO_URL="mongodb://root:secret@127.0.0.1:port")
        assert (ran.code, ran.out) == (2, "")
        assert re.fullmatch(r"MONGO_URL: expected a connection string like .*\n", ran.err)
        assert "secret" not in ran.err

    def test_without_an_address_it_says_which_setting_is_missing(self) -> None:
        assert as_program("jobs", "list") == Ran(2, "", "MONGO_URL: Field required\n")

    def test_a_reader_that_has_seen_enough_is_no_error(self, mongo_url: str, database_name: str) -> None:
        command = f'set -o pipefail; "{sys.executable}" -m admin jobs list | true'
        environment = {"MONGO_URL": mongo_url, "MONGO_QUEUE_DATABASE": f"{database_name}_queue"}
        ran = subprocess.run(
            ["bash", "-c", command], env={**os.environ, **environment}, capture_output=True, timeout=120
        )
        assert (ran.returncode, ran.stderr) == (0, b"")

    def test_it_starts_without_what_only_jobs_and_the_service_need(self) -> None:
        needless = {"reader", "datasets", "pyarrow", "starlette", "uvicorn"}
        check = f"import sys, admin.command; print(sorted({needless} & set(sys.modules)))"
        assert subprocess.run([sys.executable, "-c", check], capture_output=True, check=True).stdout == b"[]\n"
