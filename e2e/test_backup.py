"""A backup that is taken while everything runs, restored where there is nothing, serves what was served."""

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from pymongo import MongoClient
from stack.mongo import running_mongo

from e2e.stack_process import ROOT, OwnStack, eventually, free_port

pytestmark = pytest.mark.own_stack
SAMPLES = {str(path.relative_to(ROOT / "samples" / "datasets")) for path in ROOT.glob("samples/datasets/*/*/")}
ME = {"Authorization": "Bearer hf_me"}
Environment = dict[str, str]
Answers = dict[str, Any]


def run_admin(environment: Environment, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "admin", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120)


def served(http: httpx2.Client, datasets: list[str]) -> Answers:
    """All answers about the datasets, with their headers, and all media files that they name."""
    answers: Answers = {}
    for dataset in datasets:
        splits = answers[dataset] = read(http, "/splits", dataset=dataset)
        for entry in splits[1].get("splits", []):
            names = {"dataset": dataset, "config": entry["config"], "split": entry["split"]}
            for path in ("/first-rows", "/rows"):
                answers[f"{path} {names}"] = answer = read(http, path, **names)
                for url in media_of(answer[1]):
                    answers[url.path] = http.get(url.raw_path.decode()).raise_for_status().content
    answers["valid"] = read(http, "/valid")
    return answers


def read(http: httpx2.Client, path: str, **names: str) -> tuple[int, Any, dict[str, str | None]]:
    answer = http.get(path, params=names, headers=ME)
    headers = {name: answer.headers.get(name) for name in ("ETag", "X-Revision", "X-Error-Code", "Content-Type")}
    body = answer.json()
    return answer.status_code, body, headers


def media_of(body: Any) -> Iterator[httpx2.URL]:
    """The URLs of media files that an answer names."""
    values = body.values() if isinstance(body, dict) else body if isinstance(body, list) else []
    for value in values:
        if isinstance(value, str) and "/assets/" in value:
            yield httpx2.URL(value)
        yield from media_of(value)


def without_signatures(answers: Answers) -> str:
    """What is to be equal: where only some may see a file, its URL is signed for a while."""
    return "\n".join(f"{name}: {answer}" for name, answer in answers.items() if "expires=" not in str(answer))


@contextmanager
def api(environment: Environment) -> Iterator[httpx2.Client]:
    port = free_port()
    command = [sys.executable, "-m", "api"]
    process = subprocess.Popen(command, env={**environment, "API_PORT": str(port)}, stderr=subprocess.DEVNULL)
    try:
        with httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=30, trust_env=False) as http:
            eventually(lambda: is_ready(http))
            yield http
    finally:
        process.terminate()
        process.wait(30)


def is_ready(http: httpx2.Client) -> bool:
    try:
        return http.get("/ready").status_code == 200
    except httpx2.TransportError:
        return False


def all_samples(stack: OwnStack) -> list[str]:
    """Those of the samples that are finished, once no job waits or runs."""
    if stack.admin.get("/admin/jobs/list").json()["jobs"]:
        return []
    listed = stack.admin.get("/admin/answers/list?limit=1000").raise_for_status().json()["answers"]
    return sorted({answer["dataset"] for answer in listed} & SAMPLES)


def test_every_answer_and_file_is_served_again_after_a_restore(stack: OwnStack, tmp_path: Path) -> None:
    datasets = eventually(lambda: names if len(names := all_samples(stack)) == len(SAMPLES) else None)
    assert datasets is not None
    before = served(stack.http, datasets)
    assert sum(isinstance(answer, bytes) for answer in before.values()) > 10

    environment = stack.environment_of("-m api")
    backup = tmp_path / "backup"
    # What one left that was cut off.
    (tmp_path / ".backup.unfinished" / "queue").mkdir(parents=True)
    assert run_admin(environment, "backup", backup).returncode == 0
    shutil.copytree(stack.directory / "assets", tmp_path / "assets")
    again = run_admin(environment, "backup", backup)
    assert (again.returncode, "is there already" in again.stderr) == (2, True)

    with running_mongo(tmp_path / "mongo") as mongo:
        # No nginx stands in front of that one.
        there = {"ASSETS_STORAGE": str(tmp_path / "assets"), "ASSETS_INTERNAL_LOCATION": ""}
        elsewhere = {**environment, "MONGO_URL": mongo.url, **there}
        begun = time.time()
        restored = run_admin(elsewhere, "restore", backup)
        assert restored.returncode == 0, restored.stderr
        # Media files may be of attempts that came after the backup: their fences are not given out again.
        with MongoClient[dict[str, Any]](mongo.url, directConnection=True) as client:
            records = client[environment["MONGO_CACHE_DATABASE"]]["datasets"].find()
            assert min(record["fence"] for record in records) >= begun * 1000
        with api(elsewhere) as http:
            after = served(http, datasets)
            assert before.keys() == after.keys()
            assert without_signatures(before) == without_signatures(after)
            assert after["valid"][1] == before["valid"][1]
        assert "0 missing" in run_admin(elsewhere, "assets", "report").stdout.replace("missing    0", "0 missing")
        again = run_admin(elsewhere, "restore", backup)
        assert (again.returncode, "has documents" in again.stderr) == (2, True)


def test_what_waited_or_ran_is_queued_again_and_the_dead_and_the_pauses_are_kept(
    stack: OwnStack, tmp_path: Path
) -> None:
    pause = {"scope": "namespace", "name": "kept"}
    stack.admin.post("/admin/jobs/pause", json=pause).raise_for_status()
    environment = stack.environment_of("-m api")
    with stack.stopped("-m worker"):
        for number in range(3):
            refresh = {"dataset": f"kept/{number}"}
            stack.admin.post("/admin/datasets/refresh", json=refresh).raise_for_status()
        assert run_admin(environment, "backup", tmp_path / "backup").returncode == 0
        stack.admin.post("/admin/jobs/cancel-many", json={"namespace": "kept"}).raise_for_status()
        stack.admin.post("/admin/jobs/resume", json=pause).raise_for_status()
    with running_mongo(tmp_path / "mongo") as mongo:
        elsewhere = {**environment, "MONGO_URL": mongo.url}
        assert run_admin(elsewhere, "restore", tmp_path / "backup").returncode == 0
        listed = run_admin(elsewhere, "jobs", "list", "--namespace", "kept").stdout
        assert "paused: namespace kept" in listed
        assert listed.count("ready") == 1 + 3


@pytest.fixture(scope="module")
def whole(stack: OwnStack, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup that is not damaged."""
    backup = tmp_path_factory.mktemp("whole") / "backup"
    assert run_admin(stack.environment_of("-m api"), "backup", backup).returncode == 0
    return backup


@pytest.mark.parametrize("damage", ["cut", "without a file", "without its manifest", "of other documents"])
def test_a_damaged_backup_is_refused_and_nothing_is_written(
    stack: OwnStack, whole: Path, tmp_path: Path, damage: str
) -> None:
    environment, backup = stack.environment_of("-m api"), tmp_path / "backup"
    shutil.copytree(whole, backup)
    file = backup / "cache" / "answers.bson"
    match damage:
        case "cut":
            file.write_bytes(file.read_bytes()[:-3])
        case "without a file":
            file.unlink()
        case "without its manifest":
            (backup / "manifest.json").unlink()
        case "of other documents":
            file.write_bytes(file.read_bytes() * 2)
    nowhere = {**environment, **{f"MONGO_{kind}_DATABASE": f"damaged_{kind}" for kind in ("QUEUE", "CACHE")}}
    ran = run_admin(nowhere, "restore", backup)
    assert ran.returncode == 2
    assert "backup" in ran.stderr
    assert "Traceback" not in ran.stderr
    assert "nothing to list" in run_admin(nowhere, "jobs", "list").stdout
