"""Moving datasets to other names: who may, what goes with them, and what a crash or a reader in between sees."""

import asyncio
import itertools
import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import pytest
import yaml
from hub.access import Access
from hub.moves import led_to
from hub.store import Store
from hub.testing import RunningHub, running_hub
from huggingface_hub import HfApi
from huggingface_hub.errors import DisabledRepoError, HfHubHTTPError, RepositoryNotFoundError

from tools.hub.tests.moves import move, rules

Api = Callable[[str | None], HfApi]
Push = Callable[[dict[str, str | bytes]], str]

CSV = "x\n1\n"
AS_ME = {"Authorization": "Bearer hf_me"}


def statuses_while_moved(api: Api, hub: RunningHub, repo: str, new: str, address: str) -> set[int]:
    """What is answered at `address` while `repo` is moved to `new` and back, again and again."""
    done = threading.Event()

    def to_and_fro() -> None:
        for old, following in [(repo, new), (new, repo)] * 20:
            move(api("hf_me"), old, following)
        done.set()

    mover = threading.Thread(target=to_and_fro)
    mover.start()
    seen = set()
    with httpx2.Client(base_url=hub.endpoint, follow_redirects=True) as reader:
        while not done.is_set():
            seen.add(reader.get(address).status_code)
    mover.join()
    return seen


def test_a_moved_dataset_is_what_it_was_under_its_new_name(
    api: Api, repo: str, new: str, pushed: Push, hub: RunningHub
) -> None:
    head = pushed({"a.csv": CSV, "data/b.parquet": b"PAR1"})
    before = api(None).dataset_info(repo, files_metadata=True)
    move(api("hf_me"), repo, new)
    after = api(None).dataset_info(new, files_metadata=True)
    assert (after.id, after.author, after.sha) == (new, "you", head)
    assert (after.siblings, after.created_at, after.last_modified) == (
        before.siblings,
        before.created_at,
        before.last_modified,
    )
    assert hub.http.get(f"/datasets/{new}/resolve/main/a.csv").text == CSV
    assert (hub.directory / new / "a.csv").read_text() == CSV
    assert not (hub.directory / repo).exists()
    listed = [found.id for found in api(None).list_datasets(search=repo.partition("/")[2])]
    assert (repo in listed, new in listed) == (False, True)
    assert list((hub.directory / ".hub").glob("moves/*")) == []


def test_its_entry_and_the_rights_of_tokens_move_with_it(tmp_path: Path) -> None:
    (tmp_path / "acme/x").mkdir(parents=True)
    (tmp_path / "acme/other").mkdir()
    tokens = {"hf_bob": {"user": "bob", "datasets": ["acme/x", "acme/other"]}, "hf_eve": {"user": "eve"}}
    datasets = {"acme/x": {"private": True, "gated": "manual"}, "acme/other": {"private": True}}
    (tmp_path / "hub.yaml").write_text(yaml.safe_dump({"datasets": datasets, "tokens": tokens}))
    with running_hub(tmp_path) as hub:
        move(HfApi(endpoint=hub.endpoint, token="hf_me"), "acme/x", "acme/y")
        assert rules(hub) == {
            "datasets": {"acme/other": {"private": True}, "acme/y": {"private": True, "gated": "manual"}},
            "tokens": {"hf_bob": {"user": "bob", "datasets": ["acme/other", "acme/y"]}, "hf_eve": {"user": "eve"}},
            "moved": {"acme/x": "acme/y"},
        }
        for repo in ("acme/x", "acme/y"):
            assert HfApi(endpoint=hub.endpoint, token="hf_bob").dataset_info(repo).id == "acme/y"


def test_files_that_wait_for_a_commit_do_not_wait_for_the_next_dataset_of_that_name(
    http: httpx2.Client, api: Api, repo: str, new: str, pushed: Push, hub: RunningHub
) -> None:
    pushed({})
    (hub.directory / ".hub/uploads" / repo).mkdir(parents=True)
    move(api("hf_me"), repo, new)
    assert not (hub.directory / ".hub/uploads" / repo).exists()


def test_what_is_not_there_cannot_be_moved(api: Api, repo: str, new: str) -> None:
    with pytest.raises(RepositoryNotFoundError) as raised:
        move(api("hf_me"), repo, new)
    assert raised.value.response.status_code == 404


def test_what_was_removed_a_moment_ago_cannot_be_moved(
    api: Api, repo: str, new: str, pushed: Push, hub: RunningHub
) -> None:
    pushed({})
    (hub.directory / repo).rmdir()
    with pytest.raises(RepositoryNotFoundError):
        move(api("hf_me"), repo, new)
    assert new not in rules(hub).get("moved", {}).values()
    assert list((hub.directory / ".hub/moves").iterdir()) == []


def test_an_old_name_is_no_dataset_to_move_or_delete(
    http: httpx2.Client, api: Api, repo: str, moved: str, hub: RunningHub
) -> None:
    with pytest.raises(RepositoryNotFoundError):
        move(api("hf_me"), repo, f"{repo}-again")
    assert http.request("DELETE", "/api/repos/delete", json={"name": repo, "type": "dataset"}).status_code == 404
    assert (hub.directory / moved).is_dir()


@pytest.mark.parametrize(
    "target", ["acme/cities", "acme/private-notes", "acme/unserved", "unserved/x", "elsewhere/x", "itself"]
)
def test_a_name_that_is_taken_is_a_conflict(
    http: httpx2.Client, repo: str, pushed: Push, hub: RunningHub, target: str, tmp_path: Path
) -> None:
    head = pushed({"a.csv": CSV})
    for file in ("acme/unserved", "unserved"):
        (hub.directory / file).write_text("a file")
    (hub.directory / "elsewhere").unlink(missing_ok=True)
    (hub.directory / "elsewhere").symlink_to(tmp_path)
    target = repo if target == "itself" else target
    answer = http.post("/api/repos/move", json={"fromRepo": repo, "toRepo": target, "type": "dataset"})
    assert answer.status_code == 409
    assert answer.headers["X-Error-Message"] == answer.json()["error"] == f"{target} can't be its name: that is taken."
    assert http.get(f"/api/datasets/{repo}").json()["sha"] == head


@pytest.mark.parametrize(
    "body",
    [
        {"fromRepo": "{}", "toRepo": "me/new"},
        {"fromRepo": "{}", "toRepo": "me/new", "type": "model"},
        {"fromRepo": "{}", "toRepo": "me/bad--name", "type": "dataset"},
        {"fromRepo": "{}", "toRepo": "new", "type": "dataset"},
        {"fromRepo": "{}", "toRepo": "../new", "type": "dataset"},
        {"fromRepo": "{}", "toRepo": 1, "type": "dataset"},
        {"fromRepo": "{}", "type": "dataset"},
        {"fromRepo": "{}/..", "toRepo": "me/new", "type": "dataset"},
        {"toRepo": "me/new", "type": "dataset"},
    ],
)
def test_a_move_that_cannot_be_is_a_bad_request(
    http: httpx2.Client, repo: str, pushed: Push, body: dict[str, object]
) -> None:
    head = pushed({"a.csv": CSV})
    source = {"fromRepo": str(body["fromRepo"]).format(repo)} if "fromRepo" in body else {}
    answer = http.post("/api/repos/move", json=body | source)
    assert (answer.status_code, answer.headers["X-Error-Message"]) == (400, answer.json()["error"])
    assert http.get(f"/api/datasets/{repo}").json()["sha"] == head


@pytest.mark.parametrize(
    ("token", "repo_id", "status"),
    [
        (None, "acme/cities", 401),
        ("hf_stranger", "acme/cities", 403),
        ("hf_worker", "acme/cities", 403),
        (None, "acme/private-notes", 401),
        ("hf_stranger", "acme/private-notes", 404),
        ("hf_alice", "acme/private-notes", 403),
        ("hf_alice", "alice/diary", 403),
    ],
)
def test_only_me_may_move(api: Api, hub: RunningHub, token: str | None, repo_id: str, status: int) -> None:
    with pytest.raises(HfHubHTTPError) as raised:
        move(api(token), repo_id, "alice/new")
    assert raised.value.response.status_code == status
    assert (hub.directory / repo_id).is_dir()


def test_what_is_disabled_is_not_moved(http: httpx2.Client, api: Api, repo: str, new: str, pushed: Push) -> None:
    pushed({})
    http.put(f"/api/datasets/{repo}/settings", json={"disabled": True}).raise_for_status()
    with pytest.raises(DisabledRepoError):
        move(api("hf_me"), repo, new)


@pytest.mark.parametrize("done", ["nothing", "the entry", "the rename", "everything"])
def test_a_move_that_was_interrupted_is_finished_at_the_next_start(tmp_path: Path, done: str) -> None:
    private = {"private": True}
    steps = {
        "nothing": ("acme/x", {"datasets": {"acme/x": private}}),
        "the entry": ("acme/x", {"datasets": {"acme/x": private, "you/y": private}, "moved": {"acme/x": "you/y"}}),
        "the rename": ("you/y", {"datasets": {"acme/x": private, "you/y": private}, "moved": {"acme/x": "you/y"}}),
        "everything": ("you/y", {"datasets": {"you/y": private}, "moved": {"acme/x": "you/y"}}),
    }
    place, content = steps[done]
    (tmp_path / place).mkdir(parents=True)
    (tmp_path / place / "a.csv").write_text(CSV)
    (tmp_path / "hub.yaml").write_text(yaml.safe_dump(content))
    (tmp_path / ".hub/moves").mkdir(parents=True)
    (tmp_path / ".hub/moves/0123.json").write_text(json.dumps(["acme/x", "you/y"]))
    (tmp_path / ".hub/moves/4567.new").write_text("[")
    with running_hub(tmp_path) as hub:
        assert hub.http.get("/api/datasets/acme/x", headers=AS_ME).headers["Location"] == "/api/datasets/you/y"
        assert hub.http.get("/datasets/you/y/resolve/main/a.csv", headers=AS_ME).text == CSV
        assert hub.http.get("/api/datasets/you/y").status_code == 401
        assert rules(hub) == steps["everything"][1]
        assert not (tmp_path / "acme/x").exists()
        assert not (tmp_path / ".hub/moves").exists()


@pytest.mark.parametrize("standing", [["acme/x", "acme/y"], []])
def test_a_move_that_makes_no_sense_any_more_is_given_up(tmp_path: Path, standing: list[str]) -> None:
    for repo in standing:
        (tmp_path / repo).mkdir(parents=True)
    (tmp_path / "hub.yaml").write_text("datasets: {acme/x: {private: true}}")
    (tmp_path / ".hub/moves").mkdir(parents=True)
    (tmp_path / ".hub/moves/0123.json").write_text(json.dumps(["acme/x", "acme/y"]))
    with running_hub(tmp_path) as hub:
        assert [found["id"] for found in hub.http.get("/api/datasets", headers=AS_ME).json()] == standing
        assert rules(hub) == {"datasets": {"acme/x": {"private": True}}}
        assert not (tmp_path / ".hub/moves").exists()


def test_a_commit_that_was_interrupted_is_finished_before_its_dataset_is_moved(
    api: Api, repo: str, new: str, pushed: Push, hub: RunningHub
) -> None:
    pushed({"a.csv": CSV})
    staging = hub.directory / ".hub/commits/0123"
    staging.mkdir(parents=True)
    (staging / "0").write_text("new")
    (staging / "plan.json").write_text(json.dumps({"repo": repo, "deletes": ["a.csv"], "writes": {"b.csv": "0"}}))
    move(api("hf_me"), repo, new)
    assert [file.name for file in (hub.directory / new).iterdir()] == ["b.csv"]


def test_nothing_is_moved_while_the_access_file_is_broken(tmp_path: Path) -> None:
    (tmp_path / "acme/x").mkdir(parents=True)
    with running_hub(tmp_path) as hub:
        (tmp_path / "hub.yaml").write_text("datasets: [")
        body = {"fromRepo": "acme/x", "toRepo": "acme/y", "type": "dataset"}
        assert hub.http.post("/api/repos/move", headers=AS_ME, json=body).status_code == 409
        assert (tmp_path / "acme/x").is_dir()
        assert list((tmp_path / ".hub/moves").iterdir()) == []


def test_of_moves_at_the_same_time_one_is_done(http: httpx2.Client, repo: str, pushed: Push, hub: RunningHub) -> None:
    pushed({"a.csv": CSV})

    def move_to(number: int) -> int:
        body = {"fromRepo": repo, "toRepo": f"{repo}-{number}", "type": "dataset"}
        return http.post("/api/repos/move", json=body).status_code

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(move_to, range(8))) == [200, *[404] * 7]
    assert len(list((hub.directory / "me").glob(f"{repo.partition('/')[2]}-*"))) == 1


def test_whoever_waits_for_two_locks_holds_none_that_another_waits_for(tmp_path: Path) -> None:
    async def scenario() -> None:
        store = Store(tmp_path)

        async def hold(*repos: str) -> None:
            async with store.locks(*repos):
                await asyncio.sleep(0)

        async with store.lock("b"):
            tasks = [asyncio.create_task(hold("b", "a")), asyncio.create_task(hold("a", "b"))]
            await asyncio.sleep(0)
        await asyncio.wait_for(asyncio.gather(*tasks), 10)

    asyncio.run(scenario())


def test_at_each_step_of_a_move_back_both_names_lead_to_where_the_dataset_is(tmp_path: Path) -> None:
    async def scenario() -> None:
        (tmp_path / "acme/x").mkdir(parents=True)
        (tmp_path / "hub.yaml").write_text("{datasets: {acme/x: {private: true}}, moved: {acme/y: acme/x}}")
        store, access = Store(tmp_path), Access(tmp_path / "hub.yaml", "hf_worker")
        await store.refresh_all()

        def known() -> list[tuple[str, bool, str | None, str | None]]:
            ways = led_to(store, access, "acme/x"), led_to(store, access, "acme/y")
            return [(repo, access.visibility(repo).private, *ways) for repo in store.names()]

        assert known() == [("acme/x", True, None, "acme/x")]
        access.begin_move("acme/x", "acme/y")
        assert known() == [("acme/x", True, None, "acme/x")]
        store.rename_locked("acme/x", "acme/y")
        assert known() == [("acme/y", True, "acme/y", None)]
        access.finish_move("acme/x", "acme/y")
        assert known() == [("acme/y", True, "acme/y", None)]

    asyncio.run(scenario())


def test_a_private_dataset_is_never_seen_by_others_while_it_is_moved(
    api: Api, hub: RunningHub, repo: str, new: str, pushed: Push
) -> None:
    pushed({"a.csv": CSV})
    api("hf_me").update_repo_settings(repo, repo_type="dataset", private=True)
    assert statuses_while_moved(api, hub, repo, new, f"/api/datasets/{repo}") == {401}
    assert statuses_while_moved(api, hub, repo, new, f"/api/datasets/{new}") == {401}


def test_a_reader_never_misses_a_dataset_that_is_moved_to_and_fro(
    api: Api, hub: RunningHub, repo: str, new: str, pushed: Push, counter: "itertools.count[int]"
) -> None:
    pushed({"a.csv": CSV})
    first = f"me/test-{next(counter)}"
    move(api("hf_me"), repo, first)
    for name in (repo, first):
        address = f"/datasets/{name}/resolve/main/a.csv"
        assert statuses_while_moved(api, hub, first, new, address) == {200}


def test_what_is_closed_while_it_is_moved_is_closed_under_its_new_name(
    hub: RunningHub, api: Api, repo: str, new: str, pushed: Push
) -> None:
    pushed({"a.csv": CSV})
    me = api("hf_me")
    with ThreadPoolExecutor(1) as pool:
        for old, following in [(repo, new), (new, repo)] * 15:
            moving = pool.submit(move, me, old, following)
            me.update_repo_settings(old, repo_type="dataset", private=True)
            moving.result()
            assert me.dataset_info(following).private is True
            me.update_repo_settings(following, repo_type="dataset", private=False)
    assert repo not in rules(hub).get("datasets", {})
