"""Moving datasets to other names, and where their old names lead."""

import asyncio
import itertools
import json
import shutil
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml
from hub.access import Access
from hub.moves import led_to
from hub.store import Store
from hub.testing import RunningHub, running_hub
from huggingface_hub import HfApi
from huggingface_hub.errors import DisabledRepoError, HfHubHTTPError, RepositoryNotFoundError

Api = Callable[[str | None], HfApi]
Push = Callable[[dict[str, str | bytes]], str]

CSV = "x\n1\n"
AS_ME = {"Authorization": "Bearer hf_me"}
NAMES_A_REPO = {
    "info": ("GET", "/api/datasets/{}"),
    "info at a revision": ("GET", "/api/datasets/{}/revision/refs%2Fheads%2Fmain"),
    "refs": ("GET", "/api/datasets/{}/refs"),
    "tree": ("GET", "/api/datasets/{}/tree/main?recursive=true&expand=1"),
    "tree of a folder": ("GET", "/api/datasets/{}/tree/main/a%20folder/datasets/b"),
    "paths-info": ("POST", "/api/datasets/{}/paths-info/main"),
    "resolve": ("GET", "/datasets/{}/resolve/main/a.csv?download=true"),
    "resolve, headers alone": ("HEAD", "/datasets/{}/resolve/main/a.csv"),
    "auth-check": ("GET", "/api/datasets/{}/auth-check"),
    "auth-check/write": ("GET", "/api/datasets/{}/auth-check/write"),
    "settings": ("PUT", "/api/datasets/{}/settings"),
    "preupload": ("POST", "/api/datasets/{}/preupload/main"),
    "commit": ("POST", "/api/datasets/{}/commit/main"),
    "lfs": ("POST", "/datasets/{}.git/info/lfs/objects/batch"),
}
CLIENT_CALLS: dict[str, Callable[[HfApi, str], object]] = {
    "dataset_info": lambda api, repo: api.dataset_info(repo).id,
    "auth_check": lambda api, repo: api.auth_check(repo, repo_type="dataset"),
    "list_repo_tree": lambda api, repo: [entry.path for entry in api.list_repo_tree(repo, repo_type="dataset")],
    "get_paths_info": lambda api, repo: api.get_paths_info(repo, ["a.csv"], repo_type="dataset")[0].path,
    "list_repo_refs": lambda api, repo: api.list_repo_refs(repo, repo_type="dataset").branches[0].target_commit,
    "hf_hub_download": lambda api, repo: Path(
        api.hf_hub_download(repo, "a.csv", repo_type="dataset", cache_dir=".")
    ).read_text(),
}


def move(api: HfApi, old: str, new: str) -> None:
    api.move_repo(old, new, repo_type="dataset")


def rules(hub: RunningHub) -> dict[str, Any]:
    content = yaml.safe_load((hub.directory / "hub.yaml").read_text())
    assert isinstance(content, dict)
    return content


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


@pytest.fixture(autouse=True)
def _downloads_go_to_a_folder_of_the_test(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def new(repo: str) -> str:
    """The name that `repo` is moved to: another owner's."""
    return f"you/{repo.partition('/')[2]}-moved"


@pytest.fixture
def moved(api: Api, repo: str, new: str, pushed: Push) -> str:
    """The new name of a dataset that was `repo`."""
    pushed({"a.csv": CSV})
    move(api("hf_me"), repo, new)
    return new


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


@pytest.mark.parametrize("asked", NAMES_A_REPO)
def test_an_old_name_leads_to_the_same_address_with_the_new_one(
    http: httpx2.Client, repo: str, moved: str, asked: str
) -> None:
    method, address = NAMES_A_REPO[asked]
    answer = http.request(method, address.format(repo))
    assert (answer.status_code, answer.headers["Location"]) == (307, address.format(moved))


def test_an_address_may_be_written_with_more_escapes_than_needed(http: httpx2.Client, repo: str, moved: str) -> None:
    name = repo.partition("/")[2].replace("t", "%74")
    answer = http.get(f"/api/%64atasets/%6De/{name}/tree/main?a=%20")
    assert (answer.status_code, answer.headers["Location"]) == (307, f"/api/%64atasets/{moved}/tree/main?a=%20")


@pytest.mark.parametrize("call", CLIENT_CALLS)
@pytest.mark.parametrize("token", [None, "hf_stranger", "hf_me", "hf_worker"])
def test_the_client_follows_an_old_name(api: Api, repo: str, moved: str, token: str | None, call: str) -> None:
    assert CLIENT_CALLS[call](api(token), repo) == CLIENT_CALLS[call](api(token), moved)


def test_the_client_writes_by_an_old_name(
    client: Callable[..., Any], api: Api, repo: str, moved: str, hub: RunningHub
) -> None:
    for path in ("b.csv", "c.parquet"):
        client("upload_text", repo, path, "new")
        assert (hub.directory / moved / path).read_text() == "new"
    api("hf_me").update_repo_settings(repo, repo_type="dataset", gated="auto")
    assert api(None).dataset_info(moved).gated == "auto"


def test_the_datasets_library_follows_an_old_name(client: Callable[..., Any], repo: str, moved: str) -> None:
    assert client("config_names", repo, None) == ["default"]
    assert client("stream", repo, None) == client("download", repo, None) == [{"x": 1}]


@pytest.mark.parametrize("asked", NAMES_A_REPO)
@pytest.mark.parametrize("token", [None, "hf_stranger"])
def test_an_old_name_of_what_is_private_is_answered_as_one_that_never_was(
    http: httpx2.Client, hub: RunningHub, repo: str, moved: str, token: str | None, asked: str
) -> None:
    def answer(name: str) -> tuple[int, bytes, list[tuple[str, str]]]:
        method, address = NAMES_A_REPO[asked]
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        given = hub.http.request(method, address.format(name), headers=headers)
        return given.status_code, given.content, [item for item in given.headers.items() if item[0] != "date"]

    http.put(f"/api/datasets/{moved}/settings", json={"visibility": "private"}).raise_for_status()
    assert answer(repo) == answer("me/never-was")
    assert answer(repo)[0] == (404 if token else 401)


@pytest.mark.parametrize(("token", "status"), [(None, 401), ("hf_stranger", 404)])
def test_the_client_finds_no_old_name_of_what_is_private(
    http: httpx2.Client, api: Api, repo: str, moved: str, token: str | None, status: int
) -> None:
    http.put(f"/api/datasets/{moved}/settings", json={"visibility": "private"}).raise_for_status()
    for call in CLIENT_CALLS.values():
        with pytest.raises(RepositoryNotFoundError) as raised:
            call(api(token), repo)
        assert raised.value.response.status_code == status
    assert api("hf_worker").dataset_info(repo).id == moved


def test_an_old_name_leads_to_where_a_disabled_dataset_is(http: httpx2.Client, api: Api, repo: str, moved: str) -> None:
    http.put(f"/api/datasets/{moved}/settings", json={"disabled": True}).raise_for_status()
    with pytest.raises(DisabledRepoError):
        api(None).dataset_info(repo)


def test_all_names_lead_to_the_last_one(http: httpx2.Client, api: Api, repo: str, moved: str) -> None:
    me = api("hf_me")
    last = f"{moved}-again"
    move(me, moved, last)
    for name in (repo, moved):
        assert http.get(f"/api/datasets/{name}").headers["Location"] == f"/api/datasets/{last}"
    me.create_repo(moved, repo_type="dataset")
    assert [me.dataset_info(name).id for name in (repo, moved, last)] == [last, moved, last]


def test_a_dataset_that_is_moved_back_is_itself(api: Api, repo: str, moved: str, hub: RunningHub) -> None:
    move(api("hf_me"), moved, repo)
    assert [api(None).dataset_info(name).id for name in (repo, moved)] == [repo, repo]
    assert repo not in rules(hub)["moved"]


def test_creating_a_dataset_ends_where_its_name_led(api: Api, repo: str, moved: str, hub: RunningHub) -> None:
    me = api("hf_me")
    me.create_repo(repo, repo_type="dataset")
    assert [me.dataset_info(name).id for name in (repo, moved)] == [repo, moved]
    assert repo not in rules(hub).get("moved", {})
    me.delete_repo(repo, repo_type="dataset")
    with pytest.raises(RepositoryNotFoundError):
        me.dataset_info(repo)


def test_moving_a_dataset_to_an_old_name_ends_where_that_led(
    api: Api, repo: str, moved: str, counter: "itertools.count[int]", hub: RunningHub
) -> None:
    me = api("hf_me")
    other, last = f"me/test-{next(counter)}", f"me/test-{next(counter)}"
    me.create_repo(other, repo_type="dataset")
    move(me, moved, last)
    move(me, other, moved)
    assert [me.dataset_info(name).id for name in (other, moved, repo, last)] == [moved, moved, last, last]
    assert moved not in rules(hub)["moved"]


def test_old_names_can_be_written_by_hand_and_lead_to_the_first_that_is_there(tmp_path: Path) -> None:
    for name in ("x", "y", "hidden"):
        (tmp_path / "acme" / name).mkdir(parents=True)
    moved = {"x": "y", "hidden": "y", "w": "x", "v": "u", "u": "y", "none": "nothing", "circle": "circle2"}
    moved |= {"circle2": "circle"}
    content = {
        "datasets": {"acme/hidden": {"private": True}},
        "moved": {f"acme/{old}": f"acme/{new}" for old, new in moved.items()},
    }
    (tmp_path / "hub.yaml").write_text(yaml.safe_dump(content))
    with running_hub(tmp_path) as hub:
        answers = {name: hub.http.get(f"/api/datasets/acme/{name}") for name in moved}
        assert answers.pop("x").json()["id"] == "acme/x"
        assert answers.pop("w").headers["Location"] == "/api/datasets/acme/x"
        assert {answers.pop(name).headers["Location"] for name in "vu"} == {"/api/datasets/acme/y"}
        assert {answer.status_code for answer in answers.values()} == {401}


def test_a_deleted_dataset_takes_its_old_names_with_it(api: Api, repo: str, moved: str, hub: RunningHub) -> None:
    me = api("hf_me")
    me.delete_repo(moved, repo_type="dataset")
    with pytest.raises(RepositoryNotFoundError):
        me.dataset_info(repo)
    me.create_repo(moved, repo_type="dataset")
    with pytest.raises(RepositoryNotFoundError):
        me.dataset_info(repo)


def test_what_led_to_a_dataset_that_was_removed_by_hand_leads_to_no_new_one_of_its_name(
    api: Api, repo: str, moved: str, hub: RunningHub
) -> None:
    shutil.rmtree(hub.directory / moved)
    api("hf_me").create_repo(moved, repo_type="dataset")
    with pytest.raises(RepositoryNotFoundError):
        api("hf_me").dataset_info(repo)


def test_old_names_outlive_a_restart(tmp_path: Path) -> None:
    (tmp_path / "acme/x").mkdir(parents=True)
    with running_hub(tmp_path) as hub:
        move(HfApi(endpoint=hub.endpoint, token="hf_me"), "acme/x", "acme/y")
    with running_hub(tmp_path) as hub:
        assert HfApi(endpoint=hub.endpoint).dataset_info("acme/x").id == "acme/y"


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
