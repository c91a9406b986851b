"""Where the old names of moved datasets lead."""

import itertools
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml
from hub.testing import RunningHub, running_hub
from huggingface_hub import HfApi
from huggingface_hub.errors import DisabledRepoError, RepositoryNotFoundError

from tools.hub.tests.moves import move, rules

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


@pytest.fixture(autouse=True)
def _downloads_go_to_a_folder_of_the_test(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


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
