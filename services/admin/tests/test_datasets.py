"""What operators do with datasets and their answers at the command line."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

import httpx2
import pytest
from hub.testing import RunningHub, eventually
from libcache.answers import Answer, AnswerKey, Answers, Kind
from libcache.records import Record
from libcache.schema import Visibility
from libcommon.errors import CodedError
from libqueue.model import JobKey
from pymongo.database import Database

from services.admin.tests.operator import Operator, Ran
from services.admin.tests.shelf import REVISION, Shelf

CSV, IMAGES = "acme/csv", "acme/images"
HUB_DOWN, BROKEN = "HfHubError", "CorruptDataError"


def store(cache: Shelf, dataset: str, *splits: str, code: str | None = None) -> Record:
    """The answers of the splits of a dataset, and its listing: good ones, or errors of this code."""
    answers = Answers(cache.database)
    answer = Answer(b"{}") if code is None else Answer.of_error(CodedError(code, "No."))
    keys = [AnswerKey(Kind.SPLITS, dataset), *(AnswerKey(Kind.FIRST_ROWS, dataset, "default", name) for name in splits)]
    record = cache.observe(dataset)
    for key in keys:
        assert answers.write(key, answer, record, REVISION)
    return record


def stale(database: Database[dict[str, Any]]) -> set[tuple[Any, ...]]:
    return {(each["kind"], each["dataset"], each["split"]) for each in database["answers"].find({"stale": True})}


def listed(answers: Sequence[dict[str, Any]]) -> list[tuple[Any, ...]]:
    return [(each["kind"], each["dataset"], each["split"], each["code"]) for each in answers]


class TestAnswers:
    def test_they_are_listed_by_kind_status_and_code(self, operator: Operator) -> None:
        store(operator.cache, CSV, "train", "test")
        store(operator.cache, IMAGES, "train", code=BROKEN)
        store(operator.cache, "squad", code=HUB_DOWN)

        def of(*arguments: str) -> list[tuple[Any, ...]]:
            return listed(operator.json("answers", "list", *arguments)["answers"])

        assert len(of()) == 6
        assert of("--status", "200", "--kind", "splits") == [("splits", CSV, None, None)]
        assert of("--code", BROKEN) == [("splits", IMAGES, None, BROKEN), ("first-rows", IMAGES, "train", BROKEN)]
        assert of("--status", "502") == [("splits", "squad", None, HUB_DOWN)]
        assert of("--code", BROKEN, "--status", "200") == []

    def test_every_answer_is_on_just_one_page(self, operator: Operator) -> None:
        for number in range(3):
            store(operator.cache, f"acme/{number}", "train", "test", code=(None, BROKEN, HUB_DOWN)[number])
        whole = listed(operator.json("answers", "list")["answers"])
        page = operator.json("answers", "list", "--limit", "2")
        paged = listed(page["answers"])
        while page["cursor"] is not None:
            page = operator.json("answers", "list", "--limit", "2", "--cursor", page["cursor"])
            paged += listed(page["answers"])
        assert paged == whole
        assert len(set(whole)) == 9

    def test_those_of_a_code_are_computed_anew(self, operator: Operator, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("admin.verbs.answers.STEP", 2)
        store(operator.cache, CSV, "train")
        store(operator.cache, IMAGES, *"abcd", code=BROKEN)
        assert operator.json("answers", "refresh", "--code", BROKEN)["done"] == {"queued": 5}
        assert operator.installation.jobs() == {
            str(JobKey("datasets", IMAGES)),
            *(str(JobKey("splits", IMAGES, "default", name)) for name in "abcd"),
        }
        assert {dataset for _, dataset, _ in stale(operator.cache.database)} == {IMAGES}


class TestShow:
    def test_a_dataset_is_shown_whole(self, operator: Operator) -> None:
        operator.cache.put(IMAGES, b"12345")
        operator.installation.die(JobKey("splits", IMAGES, "default", "test"))
        operator.queue.add(JobKey("datasets", IMAGES))
        operator.done("jobs", "pause", "namespace", "acme")
        operator.done("datasets", "block", IMAGES)
        shown = operator.json("datasets", "show", IMAGES)
        assert shown["record"]["visibility"] == "public"
        assert shown["record"]["blocked_at"]
        assert listed(shown["answers"]) == [("first-rows", IMAGES, "train", None)]
        assert shown["jobs"] == []
        assert [death["split"] for death in shown["dead"]] == ["test"]
        assert [run["outcome"] for run in shown["runs"]] == ["dead"]
        assert [pause["name"] for pause in shown["pauses"]] == ["acme"]
        assert shown["assets"] == {"files": 1, "bytes": 5}
        assert [change["verb"] for change in shown["changes"]] == ["datasets block"]
        text = operator.done("datasets", "show", IMAGES)
        for said in ("visibility:   public", "1 files, 5 B", "paused: namespace acme", "HfHubError", "datasets block"):
            assert said in text

    def test_one_of_which_nothing_is_known_is_not_found(self, operator: Operator) -> None:
        ran = operator.run("datasets", "show", "acme/nothing")
        assert ran == Ran(1, "", "acme/nothing: nothing is known of such a dataset\n")


class TestRefresh:
    def test_its_answers_stay_and_are_computed_anew(self, operator: Operator) -> None:
        store(operator.cache, CSV, "train")
        store(operator.cache, IMAGES, "train")
        operator.done("datasets", "refresh", CSV)
        assert operator.installation.jobs() == {str(JobKey("datasets", CSV))}
        assert stale(operator.cache.database) == {("splits", CSV, None), ("first-rows", CSV, "train")}
        record = operator.cache.records.find(CSV)
        assert record is not None
        assert record.refreshing


class TestBlock:
    def test_a_blocked_dataset_is_in_the_list_of_those(self, operator: Operator) -> None:
        store(operator.cache, CSV)
        assert operator.done("datasets", "block", CSV) == "acme/csv is blocked\n"
        assert operator.run("datasets", "block", CSV) == Ran(1, "", "acme/csv is blocked already\n")
        operator.done("datasets", "block", "acme/not-yet-there")
        blocked = operator.json("datasets", "blocked")["datasets"]
        assert [record["dataset"] for record in blocked] == [CSV, "acme/not-yet-there"]

    def test_its_jobs_are_cancelled(self, operator: Operator) -> None:
        operator.queue.add(JobKey("datasets", CSV))
        operator.done("datasets", "block", CSV)
        assert operator.installation.jobs() == set()

    def test_once_unblocked_the_hub_is_asked(self, operator: Operator) -> None:
        operator.done("datasets", "block", CSV)
        operator.done("datasets", "unblock", CSV)
        assert operator.installation.jobs() == {str(JobKey("datasets", CSV))}
        assert operator.json("datasets", "blocked")["datasets"] == []
        assert operator.run("datasets", "unblock", CSV) == Ran(1, "", "acme/csv is not blocked\n")


class TestDrop:
    def test_nothing_of_it_stays(self, operator: Operator) -> None:
        store(operator.cache, CSV, "train")
        operator.cache.put(IMAGES)
        operator.queue.add(JobKey("datasets", IMAGES))
        assert operator.done("datasets", "drop", IMAGES) == "acme/images is dropped: 1 answers, 1 jobs\n"
        assert operator.installation.jobs() == set()
        assert {each["dataset"] for each in operator.cache.database["answers"].find()} == {CSV}
        operator.done("assets", "sweep")
        assert operator.cache.files() == set()
        record = operator.cache.records.find(IMAGES)
        assert record is not None
        assert record.visibility is Visibility.CLOSED


def announce(hub: RunningHub, *datasets: str) -> None:
    for dataset in datasets:
        namespace, name = dataset.split("/")
        httpx2.post(
            f"{hub.endpoint}/api/repos/create",
            headers={"Authorization": "Bearer hf_me"},
            json={"type": "dataset", "organization": namespace, "name": name},
        ).raise_for_status()


class TestWarm:
    def test_what_is_not_known_yet_is_queued(
        self, operator: Operator, hub: RunningHub, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("admin.verbs.datasets._PAGE_LENGTH", 2)
        announce(hub, *(f"acme/{number}" for number in range(5)), "other/one")
        store(operator.cache, "acme/3")
        assert operator.json("datasets", "warm")["done"] == {"listed": 6, "queued": 5}
        expected = {"acme/0", "acme/1", "acme/2", "acme/4", "other/one"}
        assert operator.installation.jobs() == {str(JobKey("datasets", dataset)) for dataset in expected}

    def test_it_may_be_about_one_namespace_and_what_is_known_too(self, operator: Operator, hub: RunningHub) -> None:
        announce(hub, "acme/0", "acme/1", "other/one")
        store(operator.cache, "acme/1")
        warmed = operator.json("datasets", "warm", "--namespace", "acme", "--known")
        assert warmed["done"] == {"listed": 2, "queued": 2}

    def test_a_hub_that_does_not_answer_is_said(self, operator: Operator) -> None:
        ran = operator.run("datasets", "warm")
        assert (ran.code, ran.out) == (2, "")
        assert ran.err.startswith("The Hub can't be asked")
        (change,) = operator.json("audit", "list")["changes"]
        assert (change["verb"], change["outcome"]) == ("datasets warm", "failed")

    def test_where_it_was_cut_off_is_said_and_it_goes_on_from_there(
        self, operator: Operator, hub: RunningHub, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("admin.verbs.datasets._PAGE_LENGTH", 1)
        announce(hub, *(f"acme/{number}" for number in range(6)))
        faults = {"server_error": 0.5, "seed": 1}
        hub.http.put("/faults", headers={"Authorization": "Bearer hf_me"}, json=faults).raise_for_status()
        cursors: list[str] = []
        while (ran := operator.run("datasets", "warm", *cursors[-2:])).code == 2:
            if said := re.search(r"to go on: (--cursor) '(.+)'$", ran.err, re.MULTILINE):
                cursors += said.groups()
        assert ran.code == 0
        assert len(cursors) > 2
        assert operator.installation.jobs() == {str(JobKey("datasets", f"acme/{number}")) for number in range(6)}

    def test_ctrl_c_ends_it_without_a_traceback(self, operator: Operator, hub: RunningHub) -> None:
        hub.process.send_signal(signal.SIGSTOP)
        environment = {**operator.installation.environment, "HF_ENDPOINT": hub.endpoint, "PATH": os.environ["PATH"]}
        command = [sys.executable, "-m", "admin", "datasets", "warm"]
        with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
            eventually(lambda: operator.json("audit", "list")["changes"])
            process.send_signal(signal.SIGINT)
            _, said = process.communicate(timeout=30)
        hub.process.send_signal(signal.SIGCONT)
        assert (process.returncode, "Traceback" in said) == (130, False)


class TestAudit:
    def test_every_change_is_noted_with_who_and_what(self, operator: Operator) -> None:
        operator.done("jobs", "pause", "dataset", CSV)
        operator.done("datasets", "block", CSV)
        operator.run("datasets", "block", CSV)
        operator.json("jobs", "list")
        changes = operator.json("audit", "list")["changes"]
        assert [(change["verb"], change["outcome"]) for change in changes] == [
            ("datasets block", "failed"),
            ("datasets block", "done"),
            ("jobs pause", "done"),
        ]
        assert {change["who"].partition(":")[0] for change in changes} == {"command"}
        assert changes[-1]["parameters"] == {"scope": "dataset", "name": CSV}
        assert len(operator.json("audit", "list", "--dataset", CSV)["changes"]) == 2
        assert operator.done("audit", "list", "--limit", "1").count("datasets block") == 1


def test_the_overview_counts_everything(operator: Operator) -> None:
    store(operator.cache, CSV, "train")
    store(operator.cache, IMAGES, code=BROKEN)
    operator.installation.die(JobKey("splits", IMAGES, "default", "train"))
    operator.queue.add_many([JobKey("splits", "crowd/one", "default", str(number)) for number in range(100)])
    operator.queue.add(JobKey("splits", IMAGES, "default", "train"))
    operator.queue.add(JobKey("datasets", "paused/one"))
    operator.done("jobs", "pause", "namespace", "paused")
    operator.done("datasets", "block", CSV)
    seen = operator.json("overview")
    assert seen["datasets"] == {"public": 2}
    assert seen["blocked"] == 1
    assert [(each["kind"], each["code"], each["answers"]) for each in seen["answers"]] == [
        ("first-rows", None, 1),
        ("splits", None, 1),
        ("splits", BROKEN, 1),
    ]
    depths = seen["depths"]
    columns = ("type", "status", "crowded", "paused", "jobs")
    assert sorted([tuple(each[name] for name in columns) for each in depths]) == [
        ("datasets", "ready", False, True, 1),
        ("splits", "ready", False, False, 1),
        ("splits", "ready", True, False, 100),
    ]
    assert seen["counts"]["dead"] == {"splits": 1}
    assert "blocked: 1" in operator.done("overview")
