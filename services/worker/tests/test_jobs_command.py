"""What operators do with the queue at the command line."""

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from libqueue.model import Claim, JobKey, Limits, Outcome, Setback
from libqueue.pauses import Scope
from libqueue.queue import Queue
from pymongo.database import Database
from stack.mongo import free_port
from worker.jobs import JOB_TYPES
from worker.jobs_command import PARTS, main

CSV = JobKey("datasets", "acme/csv")
TRAIN = JobKey("splits", "acme/csv", "default", "train")


@dataclass(frozen=True)
class Ran:
    """How the command ended, and what it said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Operator:
    """Somebody at a terminal whose environment is that of the workers, and a queue."""

    def __init__(self, database: Database[dict[str, Any]], limits: Limits, capsys: pytest.CaptureFixture[str]) -> None:
        self.database = database
        self.queue = Queue(database, limits)
        self._capsys = capsys

    def run(self, *arguments: str) -> Ran:
        try:
            code = main(list(arguments))
        except SystemExit as end:
            code = int(end.code or 0)
        said = self._capsys.readouterr()
        return Ran(code, said.out, said.err)

    def claim(self, type_: str) -> Claim:
        claim = self.queue.claim(type_, "worker-of-a-test")
        assert claim is not None
        return claim

    def die(self, key: JobKey, code: str = "HfHubError", message: str = "The Hub is down.") -> None:
        self.queue.add(key)
        self.queue.finish(self.claim(key.type), Outcome.DEAD, code=code, message=message)


@pytest.fixture
def operator(
    mongo_url: str,
    queue_database: Database[dict[str, Any]],
    queue_limits: Limits,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Operator:
    monkeypatch.setenv("MONGO_URL", mongo_url)
    monkeypatch.setenv("MONGO_QUEUE_DATABASE", queue_database.name)
    return Operator(queue_database, queue_limits, capsys)


def as_program(*arguments: str, **environment: str) -> Ran:
    """The command as a process of its own, with just this environment."""
    ran = subprocess.run(
        [sys.executable, "-m", "worker", "jobs", *arguments],
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )
    return Ran(ran.returncode, ran.stdout, ran.stderr)


def test_the_command_knows_every_type_of_job() -> None:
    assert list(PARTS) == list(JOB_TYPES)


class TestList:
    def test_an_empty_queue_is_listed_too(self, operator: Operator) -> None:
        assert operator.run("list") == Ran(0, "the queue is empty\n\nnothing to list\n", "")

    def test_it_counts_and_lines_up_what_there_is(self, operator: Operator) -> None:
        operator.die(JobKey("splits", "acme/images", "default", "train"))
        operator.queue.add(TRAIN)
        operator.queue.retry(operator.claim("splits"), delay_seconds=5400, setback=Setback.FAILURE)
        operator.queue.add(CSV)
        operator.queue.pause(Scope.TYPE, "datasets")
        ran = operator.run("list")
        assert (ran.code, ran.err) == (0, "")
        summary, jobs, dead = ran.out.strip().split("\n\n")
        counts, paused = summary.splitlines()
        assert counts == "datasets: 1 ready; splits: 1 delayed, 1 dead"
        assert re.fullmatch(r"paused: type datasets, \d+ s ago", paused)
        heading, *rows = jobs.splitlines()
        assert heading.split()[:5] == ["STATUS", "TYPE", "DATASET", "CONFIG", "SPLIT"]
        assert {row[heading.index("DATASET") :].split()[0] for row in rows} == {"acme/csv"}
        assert {row[heading.index("SETBACKS") : heading.index("OWNER")].strip() for row in rows} == {"-", "failures 1"}
        assert {row[heading.index("DUE") : heading.index("ATTEMPT")].strip() for row in rows} == {"-", "in 1 h"}
        assert "acme/images" in dead
        assert "The Hub is down." in dead

    def test_as_json_it_is_one_document_with_times_in_utc(self, operator: Operator) -> None:
        operator.queue.add(TRAIN)
        operator.claim("splits")
        operator.die(CSV)
        listed = operator.run("list", "--json").json
        assert set(listed) == {"at", "counts", "pauses", "jobs", "dead"}
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
        (death,) = listed["dead"]
        assert (death["code"], death["message"]) == ("HfHubError", "The Hub is down.")

    def test_only_what_is_asked_for_is_listed(self, operator: Operator) -> None:
        operator.die(CSV)
        operator.queue.add(TRAIN)
        operator.queue.add(JobKey("datasets", "other/one"))

        def listed(*arguments: str) -> list[str]:
            document = operator.run("list", "--json", *arguments).json
            return [f"{each['type']} {each['dataset']}" for each in document["jobs"] + document["dead"]]

        assert listed("--status", "dead") == ["datasets acme/csv"]
        assert listed("--status", "ready", "--type", "splits") == ["splits acme/csv"]
        assert listed("--namespace", "other") == ["datasets other/one"]
        assert listed("--dataset", "acme/csv") == ["splits acme/csv", "datasets acme/csv"]
        assert listed("--status", "running") == []

    def test_a_limit_that_is_reached_is_said(self, operator: Operator) -> None:
        for name in ("train", "test"):
            operator.queue.add(JobKey("splits", "acme/csv", "default", name))
        ran = operator.run("list", "--limit", "1")
        assert "acme/csv  default  train" in ran.out
        assert "acme/csv  default  test" not in ran.out
        assert "--limit" in ran.out
        assert "--limit" not in operator.run("list").out

    def test_names_and_messages_can_not_write_to_the_terminal_as_they_like(self, operator: Operator) -> None:
        operator.queue.add(JobKey("splits", "acme/csv", "\x1b[2J", "a\nb"))
        operator.die(CSV, message="two\nlines")
        ran = operator.run("list")
        assert "\\x1b[2J  a\\nb" in ran.out
        assert "two\\nlines" in ran.out
        assert "\x1b" not in ran.out


class TestShow:
    def test_it_tells_all_about_a_job(self, operator: Operator) -> None:
        operator.queue.add(TRAIN, payload={"revision": "abc"})
        operator.claim("splits")
        operator.queue.add(TRAIN, payload={"revision": "def"})
        operator.queue.pause(Scope.NAMESPACE, "acme")
        ran = operator.run("show", "splits", "acme/csv", "default", "train")
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
        operator.die(CSV)
        ran = operator.run("show", "datasets", "acme/csv")
        assert re.search(r"^  message: +The Hub is down\.$", ran.out, re.MULTILINE)
        assert re.search(r"^\d+ s ago +dead +HfHubError ", ran.out, re.MULTILINE)
        shown = operator.run("show", "datasets", "acme/csv", "--json").json
        assert set(shown) == {"job", "payload", "next_payload", "dead", "paused_by", "history"}
        assert shown["job"] is None
        assert shown["dead"]["code"] == "HfHubError"
        assert [run["outcome"] for run in shown["history"]] == ["dead"]

    def test_a_job_that_never_was_is_not_found(self, operator: Operator) -> None:
        ran = operator.run("show", "datasets", "acme/nothing", "--json")
        assert (ran.code, ran.out) == (1, "")
        assert ran.err == "datasets acme/nothing: no such job waits, runs, is dead or ended lately\n"


class TestReplay:
    def test_a_dead_job_is_queued_again(self, operator: Operator) -> None:
        operator.die(TRAIN)
        again = operator.run("replay", "splits", "acme/csv", "default", "train")
        assert again == Ran(0, "splits acme/csv default train is queued again\n", "")
        assert operator.claim("splits").key == TRAIN
        assert operator.run("replay", "splits", "acme/csv", "default", "train").code == 1

    def test_the_dead_of_a_code_are_queued_again(self, operator: Operator) -> None:
        operator.die(TRAIN)
        operator.die(CSV, code="DiskError")
        assert operator.run("replay", "--all-dead", "--code", "HfHubError", "--json").json == {"replayed": 1}
        assert operator.queue.claim("datasets", "me") is None
        assert operator.run("replay", "--all-dead", "--type", "splits").code == 1
        assert operator.run("replay", "--all-dead").out == "queued again: 1\n"
        assert operator.claim("datasets").key == CSV


class TestCancel:
    def test_one_job_is_cancelled(self, operator: Operator) -> None:
        operator.queue.add(CSV)
        operator.queue.add(TRAIN)
        assert operator.run("cancel", "datasets", "acme/csv") == Ran(0, "datasets acme/csv is cancelled\n", "")
        assert operator.queue.claim("datasets", "me") is None
        assert operator.claim("splits").key == TRAIN

    def test_all_jobs_of_a_dataset_are_cancelled(self, operator: Operator) -> None:
        operator.queue.add(CSV)
        operator.queue.add(TRAIN)
        assert operator.run("cancel", "--dataset", "acme/csv", "--json").json == {"cancelled": 2}
        nothing = operator.run("cancel", "--dataset", "acme/csv")
        assert nothing == Ran(1, "", "acme/csv: no job of this dataset waits or runs\n")

    def test_its_help_warns_that_answers_stay(self, operator: Operator) -> None:
        ran = operator.run("cancel", "--help")
        assert ran.code == 0
        assert "answers that are stored stay" in " ".join(ran.out.split())


@pytest.mark.parametrize(("scope", "name"), [("type", "datasets"), ("namespace", "acme"), ("dataset", "acme/csv")])
def test_what_is_paused_does_not_start_until_it_is_resumed(operator: Operator, scope: str, name: str) -> None:
    operator.queue.add(CSV)
    assert operator.run("pause", scope, name) == Ran(0, f"{scope} {name} is paused\n", "")
    assert operator.run("pause", scope, name) == Ran(1, "", f"{scope} {name} is paused already\n")
    assert operator.queue.claim("datasets", "me") is None
    assert [(pause["scope"], pause["name"]) for pause in operator.run("list", "--json").json["pauses"]] == [
        (scope, name)
    ]
    assert operator.run("resume", scope, name) == Ran(0, f"{scope} {name} goes on\n", "")
    assert operator.run("resume", scope, name) == Ran(1, "", f"{scope} {name} is not paused\n")
    # Another process: what a queue knows of pauses may be a second old.
    fresh = Queue(operator.database, Limits())
    claim = fresh.claim("datasets", "me")
    assert claim is not None
    assert claim.key == CSV


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["show", "rows", "acme/csv"], "expected datasets or splits"),
        (["show", "datasets", "a/b/c"], "expected NAMESPACE/NAME or NAME"),
        (["show", "datasets"], "expected a job: TYPE DATASET [CONFIG SPLIT]"),
        (["show", "splits", "acme/csv"], "named by DATASET CONFIG SPLIT"),
        (["show", "datasets", "acme/csv", "default", "train"], "named by DATASET"),
        (["pause", "namespace", "acme/csv"], "expected the part of a dataset's name before the /"),
        (["pause", "type", "rows"], "expected datasets or splits"),
        (["list", "--limit", "0"], "expected a whole number from 1 on"),
        (["list", "--status", "done"], "choose from"),
        (["replay", "--code", "HfHubError"], "--all-dead"),
        (["replay", "datasets", "acme/csv", "--all-dead"], "not both"),
        (["cancel", "datasets", "--dataset", "acme/csv"], "not both"),
        (["cancel"], "expected a job: TYPE DATASET [CONFIG SPLIT]"),
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
        ran = as_program("list", MONGO_URL=mongo_url, MONGO_QUEUE_DATABASE=f"{database_name}_queue")
        assert ran == Ran(0, "the queue is empty\n\nnothing to list\n", "")

    def test_a_mongo_that_is_down_is_one_clear_line_without_credentials(self) -> None:
        ran = as_program("list", MONGO_URL=f"mongodb://root:secret@127.0.0.1:{free_port()}")
        assert ran == Ran(2, "", "MONGO_URL: no Mongo server answers; expected one that runs and lets us in\n")

    def test_an_address_that_is_none_is_one_clear_line_without_credentials(self) -> None:
        ran = as_program("list", MONGO_URL="mongodb://root:secret@127.0.0.1:port")
        assert (ran.code, ran.out) == (2, "")
        assert re.fullmatch(r"MONGO_URL: expected a connection string like .*\n", ran.err)
        assert "secret" not in ran.err

    def test_without_an_address_it_says_which_setting_is_missing(self) -> None:
        assert as_program("list") == Ran(2, "", "MONGO_URL: Field required\n")

    def test_a_reader_that_has_seen_enough_is_no_error(self, mongo_url: str, database_name: str) -> None:
        command = f'set -o pipefail; "{sys.executable}" -m worker jobs list | true'
        environment = {"MONGO_URL": mongo_url, "MONGO_QUEUE_DATABASE": f"{database_name}_queue"}
        ran = subprocess.run(
            ["bash", "-c", command], env={**os.environ, **environment}, capture_output=True, timeout=120
        )
        assert (ran.returncode, ran.stderr) == (0, b"")

    def test_it_starts_without_what_only_jobs_need(self) -> None:
        check = "import sys, worker.jobs_command; print(sorted({'reader', 'datasets', 'pyarrow'} & set(sys.modules)))"
        assert subprocess.run([sys.executable, "-c", check], capture_output=True, check=True).stdout == b"[]\n"
