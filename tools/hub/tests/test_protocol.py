"""The write protocol under the client: large file storage, commits, and what is wrong with them."""

import base64
import hashlib
import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2
import pytest
from hub.commits import Delete, Write, settle
from hub.errors import HubError
from hub.files import File, Signature
from hub.snapshot import Snapshot
from hub.testing import RunningHub, eventually, running_hub
from hypothesis import given
from hypothesis import strategies as st

Push = Callable[[dict[str, str | bytes]], str]
CONTENT = b"PAR1 not really"
OID = hashlib.sha256(CONTENT).hexdigest()
HEADER = {"key": "header", "value": {"summary": "Change"}}


def commit(http: httpx2.Client, repo: str, *lines: object) -> httpx2.Response:
    return http.post(f"/api/datasets/{repo}/commit/main", content="\n".join(map(json.dumps, lines)))


def file_line(path: str, content: bytes) -> dict[str, object]:
    value = {"path": path, "encoding": "base64", "content": base64.b64encode(content).decode()}
    return {"key": "file", "value": value}


def lfs_line(path: str, oid: str = OID) -> dict[str, object]:
    return {"key": "lfsFile", "value": {"path": path, "algo": "sha256", "oid": oid, "size": len(CONTENT)}}


def batch(http: httpx2.Client, repo: str, oid: str = OID, size: int = len(CONTENT)) -> dict[str, Any]:
    answer = http.post(
        f"/datasets/{repo}.git/info/lfs/objects/batch",
        json={"operation": "upload", "transfers": ["basic"], "objects": [{"oid": oid, "size": size}]},
    )
    found = answer.raise_for_status().json()["objects"][0]
    assert isinstance(found, dict)
    return found


def test_preupload_says_how_to_send_each_file(http: httpx2.Client, repo: str, pushed: Push) -> None:
    pushed({"old.csv": "a\n1\n"})
    sizes = {"old.csv": 4, "x.parquet": 4, "big.csv": 20_000_000, "photo.JPG": 9, ".gitattributes": 1}
    asked = {"files": [{"path": path, "size": size, "sample": ""} for path, size in sizes.items()]}
    answers = http.post(f"/api/datasets/{repo}/preupload/main", json=asked).json()["files"]
    assert {answer["path"]: answer["uploadMode"] for answer in answers} == {
        "old.csv": "regular",
        "x.parquet": "lfs",
        "big.csv": "lfs",
        "photo.JPG": "lfs",
        ".gitattributes": "regular",
    }
    assert [answer["shouldIgnore"] for answer in answers] == [False, False, False, False, True]
    assert [answer["oid"] for answer in answers] == ["38c94da49473ad9ff172c45d5caff133fb8ca53f", None, None, None, None]


def test_a_large_file_is_sent_without_a_token_verified_and_committed(
    http: httpx2.Client, repo: str, pushed: Push, hub: RunningHub
) -> None:
    pushed({})
    actions = batch(http, repo)["actions"]
    assert actions["upload"]["href"].startswith(hub.endpoint)
    verify = {"oid": OID, "size": len(CONTENT)}
    assert http.post(actions["verify"]["href"], json=verify).status_code == 404
    assert hub.http.put(actions["upload"]["href"], content=CONTENT).status_code == 200
    assert http.post(actions["verify"]["href"], json=verify).status_code == 200
    assert "actions" not in batch(http, repo)
    assert commit(http, repo, HEADER, lfs_line("a.parquet"), lfs_line("copy/b.parquet")).status_code == 200
    for path in ("a.parquet", "copy/b.parquet"):
        assert http.get(f"/datasets/{repo}/resolve/main/{path}").content == CONTENT
    entry = http.get(f"/api/datasets/{repo}/tree/main").json()[0]
    assert entry["lfs"] == {"oid": OID, "size": len(CONTENT), "pointerSize": 134}


def test_a_large_file_that_is_there_already_need_not_be_sent_again(
    http: httpx2.Client, repo: str, pushed: Push
) -> None:
    pushed({"a.parquet": CONTENT})
    assert "actions" not in batch(http, repo)
    assert commit(http, repo, HEADER, lfs_line("b.parquet")).status_code == 200
    assert http.get(f"/datasets/{repo}/resolve/main/b.parquet").content == CONTENT


@pytest.mark.parametrize("sent", [b"", CONTENT[:-1], CONTENT + b"x", CONTENT[::-1]])
def test_a_large_file_must_be_the_one_announced(
    http: httpx2.Client, hub: RunningHub, repo: str, pushed: Push, sent: bytes
) -> None:
    head = pushed({})
    href = batch(http, repo)["actions"]["upload"]["href"]
    assert hub.http.put(href, content=sent).status_code == 400
    assert commit(http, repo, HEADER, lfs_line("a.parquet")).status_code == 400
    assert http.get(f"/api/datasets/{repo}").json()["sha"] == head


def test_an_upload_needs_an_address_that_was_given_out(
    http: httpx2.Client, hub: RunningHub, repo: str, pushed: Push
) -> None:
    pushed({})
    href = batch(http, repo)["actions"]["upload"]["href"]
    assert hub.http.put(href + "x", content=CONTENT).status_code == 404
    assert hub.http.put(href, content=CONTENT).status_code == 200
    assert hub.http.put(href, content=CONTENT).status_code == 404


@pytest.mark.parametrize(
    "objects",
    [
        [{"oid": "../../x", "size": 1}],
        [{"oid": "A" * 64, "size": 1}],
        [{"oid": OID, "size": -1}],
        [{"oid": OID, "size": "1"}],
        [{"oid": 1, "size": 1}],
        ["x"],
        None,
    ],
)
def test_a_batch_that_cannot_be_is_a_bad_request(http: httpx2.Client, repo: str, pushed: Push, objects: object) -> None:
    pushed({})
    answer = http.post(f"/datasets/{repo}.git/info/lfs/objects/batch", json={"operation": "upload", "objects": objects})
    assert answer.status_code == 400


@pytest.mark.parametrize(
    "lines",
    [
        [],
        [file_line("a.csv", b"1")],
        [{"key": "header", "value": {}}],
        [{"key": "header", "value": {"summary": "x", "parentCommit": 1}}],
        [HEADER, 1],
        [HEADER, {"key": "file"}],
        [HEADER, {"key": 1, "value": {}}],
        [HEADER, {"key": "file", "value": {"path": "a.csv", "encoding": "utf-8", "content": "x"}}],
        [HEADER, {"key": "file", "value": {"path": "a.csv", "encoding": "base64", "content": "*"}}],
        [HEADER, {"key": "file", "value": {"path": "a.csv", "encoding": "base64", "content": "\u00e9"}}],
        [HEADER, {"key": "lfsFile", "value": {"path": "a.csv", "algo": "md5", "oid": OID}}],
        [HEADER, {"key": "lfsFile", "value": {"path": "a.csv", "algo": "sha256", "oid": "../x"}}],
        [HEADER, lfs_line("a.parquet")],
        [HEADER, {"key": "copyFile", "value": {"path": "a.csv"}}],
    ],
)
def test_a_commit_that_cannot_be_is_a_bad_request_and_changes_nothing(
    http: httpx2.Client, repo: str, pushed: Push, hub: RunningHub, lines: list[object]
) -> None:
    head = pushed({"old.csv": "1"})
    assert commit(http, repo, *lines).status_code == 400
    assert http.get(f"/api/datasets/{repo}").json()["sha"] == head
    assert list((hub.directory / ".hub/commits").iterdir()) == []


def test_a_line_that_never_ends_is_refused(http: httpx2.Client, repo: str, pushed: Push) -> None:
    pushed({})
    body = json.dumps(HEADER).encode() + b"\n" + b"x" * 65_000_000
    try:
        status = http.post(f"/api/datasets/{repo}/commit/main", content=body).status_code
    except httpx2.WriteError:
        # The Hub has answered and closed the connection before all was sent.
        return
    assert status == 413


def test_commits_at_the_same_time_are_all_kept(http: httpx2.Client, repo: str, pushed: Push) -> None:
    pushed({})

    def write(number: int) -> int:
        return commit(http, repo, HEADER, file_line(f"{number}.csv", b"%d" % number)).status_code

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(write, range(20))) == {200}
    assert len(http.get(f"/api/datasets/{repo}").json()["siblings"]) == 20


def test_a_reader_sees_the_old_or_the_new_revision_while_a_commit_is_applied(
    http: httpx2.Client, hub: RunningHub, repo: str, pushed: Push
) -> None:
    names = [f"{number}.csv" for number in range(100)]
    shas = {pushed(dict.fromkeys(names, "old"))}
    done = threading.Event()

    def write() -> None:
        for text in ("new", "old", "new"):
            shas.add(pushed(dict.fromkeys(names, text)))
        done.set()

    writer = threading.Thread(target=write)
    writer.start()
    seen: dict[str, set[str]] = {}
    with httpx2.Client(base_url=hub.endpoint) as reader:
        while not done.is_set():
            for name in names[::33]:
                answer = reader.get(f"/datasets/{repo}/resolve/main/{name}")
                seen.setdefault(answer.headers["X-Repo-Commit"], set()).add(answer.text)
    writer.join()
    assert set(seen) <= shas
    assert all(len(texts) == 1 for texts in seen.values())


def test_a_commit_that_was_interrupted_is_finished_at_the_next_start(tmp_path: Path) -> None:
    root = tmp_path / "acme/x"
    root.mkdir(parents=True)
    (root / "old.csv").write_text("old")
    staging = tmp_path / ".hub/commits/0123"
    staging.mkdir(parents=True)
    (staging / "1").write_text("new")
    plan = {"repo": "acme/x", "deletes": ["old.csv", "gone.csv"], "writes": {"a/done.csv": "0", "a/new.csv": "1"}}
    (staging / "plan.json").write_text(json.dumps(plan))
    unplanned = tmp_path / ".hub/commits/4567"
    unplanned.mkdir()
    (unplanned / "0").write_text("never committed")
    with running_hub(tmp_path) as hub:
        siblings = hub.http.get("/api/datasets/acme/x").json()["siblings"]
        assert [sibling["rfilename"] for sibling in siblings] == ["a/new.csv"]
        assert list((tmp_path / ".hub/commits").iterdir()) == []


def test_a_commit_that_was_interrupted_at_its_very_end_can_be_finished_again(tmp_path: Path) -> None:
    root = tmp_path / "acme/x"
    (root / "a").mkdir(parents=True)
    (root / "a/b.csv").write_text("new")
    (root / "c").write_text("new")
    staging = tmp_path / ".hub/commits/0123"
    staging.mkdir(parents=True)
    plan = {"repo": "acme/x", "deletes": ["a", "c/d.csv"], "writes": {"a/b.csv": "0", "c": "1"}}
    (staging / "plan.json").write_text(json.dumps(plan))
    with running_hub(tmp_path) as hub:
        siblings = hub.http.get("/api/datasets/acme/x").json()["siblings"]
        assert [sibling["rfilename"] for sibling in siblings] == ["a/b.csv", "c"]


@given(
    st.lists(
        st.builds(Delete, st.sampled_from(["a", "b", "d/e"]), st.just(False))
        | st.builds(Write, st.sampled_from(["a", "b", "d/e", "f"]), st.just("0"))
    )
)
def test_what_a_commit_puts_in_place_it_does_not_delete(operations: list[Delete | Write]) -> None:
    file = File(Signature(0, 0, 0, 0), "", None)
    snapshot = Snapshot(Path(), {}, {"a": file, "b": file, "d/e": file}, "", 0, 0)
    try:
        outcome = settle(snapshot, operations)
    except HubError:
        return
    # Or a plan that is begun again would delete what it has put there.
    assert not outcome.deletes & outcome.writes.keys()
    paths = set(snapshot.files)
    for operation in operations:
        paths = paths - {operation.path} if isinstance(operation, Delete) else paths | {operation.path}
    assert (set(snapshot.files) - outcome.deletes) | outcome.writes.keys() == paths


def test_what_stands_in_the_way_unseen_is_a_conflict(
    http: httpx2.Client, repo: str, pushed: Push, hub: RunningHub
) -> None:
    head = pushed({"a.csv": "1"})
    (hub.directory / repo / "b.csv").mkdir()
    (hub.directory / repo / "b.csv" / ".hidden").write_text("x")
    assert commit(http, repo, HEADER, file_line("b.csv", b"2")).status_code == 409
    assert http.get(f"/api/datasets/{repo}").json()["sha"] == head
    (hub.directory / repo / "b.csv" / ".hidden").unlink()
    assert commit(http, repo, HEADER, file_line("b.csv", b"2")).status_code == 200
    eventually(lambda: http.get(f"/datasets/{repo}/resolve/main/b.csv").text == "2")
