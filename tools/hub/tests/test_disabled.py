"""Datasets that are disabled: closed to everybody who knows of them, until they are enabled again or deleted."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml
from hub.testing import RunningHub, WebhookReceiver, eventually, running_hub
from huggingface_hub import HfApi, hf_hub_url
from huggingface_hub.errors import DisabledRepoError, RepositoryNotFoundError

Api = Callable[[str | None], HfApi]
Push = Callable[[dict[str, str | bytes]], str]
Calls = dict[str, Callable[[HfApi, str], object]]

SEES_ALL = ("hf_me", "hf_worker")
ANYONE = (None, "hf_stranger", *SEES_ALL)
READS: Calls = {
    "auth_check": lambda api, repo: api.auth_check(repo, repo_type="dataset"),
    "dataset_info": lambda api, repo: api.dataset_info(repo),
    "list_repo_tree": lambda api, repo: list(api.list_repo_tree(repo, repo_type="dataset")),
    "get_paths_info": lambda api, repo: api.get_paths_info(repo, ["a.csv"], repo_type="dataset"),
    "list_repo_refs": lambda api, repo: api.list_repo_refs(repo, repo_type="dataset"),
    # What `hf_hub_download` asks first; it hides the answer behind an error of its own.
    "get_hf_file_metadata": lambda api, repo: api.get_hf_file_metadata(
        url=hf_hub_url(repo, "a.csv", repo_type="dataset", endpoint=api.endpoint)
    ),
}
WRITES: Calls = {
    "upload_file": lambda api, repo: api.upload_file(
        path_or_fileobj=b"x\n2\n", path_in_repo="a.csv", repo_id=repo, repo_type="dataset"
    ),
    "delete_file": lambda api, repo: api.delete_file("a.csv", repo_id=repo, repo_type="dataset"),
    "auth_check": lambda api, repo: api.auth_check(repo, repo_type="dataset", write=True),
}


def disable(http: httpx2.Client, repo: str, disabled: bool = True) -> dict[str, Any]:
    answer = http.put(f"/api/datasets/{repo}/settings", json={"disabled": disabled}).raise_for_status()
    return dict(answer.json())


@pytest.fixture
def disabled(http: httpx2.Client, repo: str, pushed: Push) -> str:
    pushed({"a.csv": "x\n1\n"})
    disable(http, repo)
    return repo


@pytest.mark.parametrize("read", READS)
@pytest.mark.parametrize("token", ANYONE)
def test_what_is_disabled_is_closed_to_everybody(api: Api, disabled: str, token: str | None, read: str) -> None:
    with pytest.raises(DisabledRepoError) as raised:
        READS[read](api(token), disabled)
    assert raised.value.response.status_code == 403


@pytest.mark.parametrize("write", WRITES)
def test_what_is_disabled_is_not_written_to(api: Api, disabled: str, write: str) -> None:
    with pytest.raises(DisabledRepoError):
        WRITES[write](api("hf_me"), disabled)


def test_a_commit_that_comes_while_its_dataset_is_disabled_is_refused(
    http: httpx2.Client, hub: RunningHub, repo: str, pushed: Push
) -> None:
    pushed({"a.csv": "x\n1\n"})

    def body() -> Iterator[bytes]:
        yield b'{"key": "header", "value": {"summary": "Delete a file"}}\n'
        disable(http, repo)
        yield b'{"key": "deletedFile", "value": {"path": "a.csv"}}\n'

    with httpx2.Client(base_url=hub.endpoint, headers=http.headers) as writer:
        assert writer.post(f"/api/datasets/{repo}/commit/main", content=body()).status_code == 403
    assert (hub.directory / repo / "a.csv").exists()


def test_what_is_disabled_is_not_loaded(client: Callable[..., Any], disabled: str) -> None:
    with pytest.raises(RuntimeError, match=r"FileNotFoundError: Couldn't find .* on the Hugging Face Hub either"):
        client("stream", disabled, "hf_me")


@pytest.mark.parametrize("read", READS)
@pytest.mark.parametrize("token", ANYONE)
def test_what_is_private_and_disabled_still_looks_as_if_it_was_not_there(
    http: httpx2.Client, api: Api, disabled: str, token: str | None, read: str
) -> None:
    http.put(f"/api/datasets/{disabled}/settings", json={"visibility": "private"}).raise_for_status()
    expected = DisabledRepoError if token in SEES_ALL else RepositoryNotFoundError
    with pytest.raises(expected) as raised:
        READS[read](api(token), disabled)
    assert raised.value.response.status_code == {None: 401, "hf_stranger": 404}.get(token, 403)


@pytest.mark.parametrize("token", [None, "hf_stranger"])
def test_what_is_gated_and_disabled_is_said_to_be_disabled(
    http: httpx2.Client, api: Api, disabled: str, token: str | None
) -> None:
    http.put(f"/api/datasets/{disabled}/settings", json={"gated": "auto"}).raise_for_status()
    for read in READS.values():
        with pytest.raises(DisabledRepoError):
            read(api(token), disabled)


@pytest.mark.parametrize("token", ANYONE)
def test_what_is_disabled_is_not_in_the_list(http: httpx2.Client, api: Api, disabled: str, token: str | None) -> None:
    def listed() -> list[str]:
        return [found.id for found in api(token).list_datasets(author="me", search=disabled.partition("/")[2])]

    assert disabled not in listed()
    disable(http, disabled, False)
    assert disabled in listed()


def test_what_is_enabled_again_is_as_it_was(
    http: httpx2.Client, api: Api, repo: str, pushed: Push, hub: RunningHub
) -> None:
    head = pushed({"a.csv": "x\n1\n"})
    api("hf_me").update_repo_settings(repo, repo_type="dataset", gated="manual")
    assert disable(http, repo) == {"private": False, "gated": "manual", "disabled": True}
    rules = hub.directory / "hub.yaml"
    assert yaml.safe_load(rules.read_text())["datasets"][repo] == {"gated": "manual", "disabled": True}
    disable(http, repo, False)
    assert yaml.safe_load(rules.read_text())["datasets"][repo] == {"gated": "manual"}
    info = api("hf_me").dataset_info(repo)
    assert (info.sha, info.gated, info.disabled) == (head, "manual", False)


def test_what_is_disabled_can_be_deleted(api: Api, disabled: str, hub: RunningHub) -> None:
    api("hf_me").delete_repo(disabled, repo_type="dataset")
    assert not (hub.directory / disabled).exists()
    assert disabled not in yaml.safe_load((hub.directory / "hub.yaml").read_text())["datasets"]


@pytest.mark.parametrize(("token", "status"), [(None, 401), ("hf_stranger", 403), ("hf_worker", 403)])
def test_only_me_may_enable_and_delete(hub: RunningHub, disabled: str, token: str | None, status: int) -> None:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    named = {"name": disabled, "type": "dataset"}
    settings = hub.http.put(f"/api/datasets/{disabled}/settings", headers=headers, json={"disabled": False})
    deletion = hub.http.request("DELETE", "/api/repos/delete", headers=headers, json=named)
    assert (settings.status_code, deletion.status_code) == (status, status)
    assert hub.http.get(f"/api/datasets/{disabled}").status_code == 403


@pytest.mark.parametrize("value", ["yes", 1, None])
def test_disabled_is_true_or_false(http: httpx2.Client, repo: str, pushed: Push, value: object) -> None:
    pushed({})
    answer = http.put(f"/api/datasets/{repo}/settings", json={"visibility": "private", "disabled": value})
    assert (answer.status_code, answer.json()) == (400, {"error": '"disabled" must be true or false.'})
    assert http.get(f"/api/datasets/{repo}").json()["private"] is False


def test_what_hub_yaml_disables_is_announced_and_so_is_its_return(tmp_path: Path) -> None:
    def events() -> list[dict[str, Any]]:
        return [event for event in receiver.events if event["event"]["action"] == "update"]

    (tmp_path / "acme/x").mkdir(parents=True)
    receiver = WebhookReceiver()
    with receiver.listening(), running_hub(tmp_path, webhooks=[receiver.url]) as hub:
        eventually(lambda: receiver.about("acme/x") == [("create", "repo")])
        assert "disabled" not in receiver.events[0]["repo"]
        (tmp_path / "hub.yaml").write_text("datasets: {acme/x: {disabled: true}}")
        eventually(lambda: len(events()) == 1)
        assert events()[0]["event"]["scope"] == "repo.config"
        assert events()[0]["updatedConfig"] == {"disabled": True}
        assert (events()[0]["repo"]["disabled"], events()[0]["repo"]["private"]) == (True, False)
        assert hub.http.get("/api/datasets/acme/x").status_code == 403
        (tmp_path / "hub.yaml").write_text("datasets: {acme/x: {private: true}}")
        eventually(lambda: len(events()) == 2)
        assert events()[1]["updatedConfig"] == {"private": True, "disabled": False}
        assert "disabled" not in events()[1]["repo"]


def test_what_was_told_before_there_was_disabling_is_not_told_again(tmp_path: Path) -> None:
    for name in ("x", "y"):
        (tmp_path / "acme" / name).mkdir(parents=True)
    receiver = WebhookReceiver()
    with receiver.listening():
        with running_hub(tmp_path, webhooks=[receiver.url]):
            eventually(lambda: len(receiver.events) == 2)
        (kept,) = (tmp_path / ".hub/webhooks").iterdir()
        kept.write_text(kept.read_text().replace(", false]", "]"))
        (tmp_path / "acme/x/a.csv").write_text("1")
        with running_hub(tmp_path, webhooks=[receiver.url]):
            eventually(lambda: len(receiver.events) == 3)
            assert receiver.about("acme/x") == [("create", "repo"), ("update", "repo.content")]
            assert receiver.about("acme/y") == [("create", "repo")]
