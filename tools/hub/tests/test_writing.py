"""Writing datasets with the unmodified `huggingface_hub` client."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import pytest
import yaml
from hub.testing import RunningHub, eventually
from huggingface_hub import CommitInfo, CommitOperationAdd, CommitOperationDelete, HfApi
from huggingface_hub.errors import (
    BadRequestError,
    HfHubHTTPError,
    RemoteEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

Api = Callable[[str | None], HfApi]
Push = Callable[[dict[str, str | bytes]], str]


def upload(api: HfApi, repo: str, path: str, content: bytes, parent: str | None = None) -> CommitInfo:
    return api.upload_file(
        path_or_fileobj=content, path_in_repo=path, repo_id=repo, repo_type="dataset", parent_commit=parent
    )


def files_of(api: HfApi, repo: str) -> list[str]:
    return api.list_repo_files(repo, repo_type="dataset")


def test_a_dataset_is_created_empty(api: Api, repo: str, hub: RunningHub) -> None:
    created = api("hf_me").create_repo(repo, repo_type="dataset")
    assert str(created) == f"{hub.endpoint}/datasets/{repo}"
    assert api(None).dataset_info(repo).siblings == []
    assert len(api(None).dataset_info(repo).sha or "") == 40
    assert (hub.directory / repo).is_dir()


def test_a_name_alone_is_created_under_the_user(api: Api, repo: str) -> None:
    assert api("hf_me").create_repo(repo.removeprefix("me/"), repo_type="dataset").repo_id == repo


def test_what_exists_is_a_conflict_unless_that_is_fine(api: Api, repo: str) -> None:
    first = api("hf_me").create_repo(repo, repo_type="dataset")
    with pytest.raises(HfHubHTTPError) as raised:
        api("hf_me").create_repo(repo, repo_type="dataset")
    assert raised.value.response.status_code == 409
    again = api("hf_me").create_repo(repo, repo_type="dataset", exist_ok=True, private=True)
    assert again.repo_id == first.repo_id
    assert api(None).dataset_info(repo).private is False


def test_a_private_dataset_is_never_seen_by_others(api: Api, repo: str, hub: RunningHub) -> None:
    api("hf_me").create_repo(repo, repo_type="dataset", private=True)
    with pytest.raises(RepositoryNotFoundError):
        api("hf_stranger").dataset_info(repo)
    assert api("hf_me").dataset_info(repo).private is True
    assert yaml.safe_load((hub.directory / "hub.yaml").read_text())["datasets"][repo] == {"private": True}


def test_settings_change_who_may_read_and_keep_the_other_entries(api: Api, repo: str, hub: RunningHub) -> None:
    def entries() -> dict[str, object]:
        content = yaml.safe_load((hub.directory / "hub.yaml").read_text())
        assert content["tokens"]["hf_alice"]["user"] == "alice"
        datasets = content["datasets"]
        assert datasets["acme/gated-survey"] == {"gated": "auto"}
        assert isinstance(datasets, dict)
        return datasets

    me = api("hf_me")
    me.create_repo(repo, repo_type="dataset")
    me.update_repo_settings(repo, repo_type="dataset", private=True)
    me.update_repo_settings(repo, repo_type="dataset", gated="manual")
    assert entries()[repo] == {"private": True, "gated": "manual"}
    assert (me.dataset_info(repo).private, me.dataset_info(repo).gated) == (True, "manual")
    me.update_repo_settings(repo, repo_type="dataset", private=False, gated=False)
    assert repo not in entries()
    assert api(None).dataset_info(repo).gated is False


def test_a_deleted_dataset_is_gone_with_its_entry(api: Api, repo: str, hub: RunningHub) -> None:
    api("hf_me").create_repo(repo, repo_type="dataset", private=True)
    api("hf_me").delete_repo(repo, repo_type="dataset")
    with pytest.raises(RepositoryNotFoundError):
        api("hf_me").dataset_info(repo)
    assert not (hub.directory / repo).exists()
    assert repo not in yaml.safe_load((hub.directory / "hub.yaml").read_text())["datasets"]
    with pytest.raises(RepositoryNotFoundError):
        api("hf_me").delete_repo(repo, repo_type="dataset")


def test_what_is_left_of_a_deleted_dataset_takes_no_entry_from_the_next_of_its_name(
    http: httpx2.Client, repo: str, hub: RunningHub
) -> None:
    named = {"name": repo, "type": "dataset", "visibility": "private"}
    http.post("/api/repos/create", json=named).raise_for_status()
    for number in range(3000):
        (hub.directory / repo / f".{number}").touch()
    with ThreadPoolExecutor(1) as pool:
        deletion = pool.submit(http.request, "DELETE", "/api/repos/delete", json=named)
        eventually(lambda: http.post("/api/repos/create", json=named).status_code == 200)
        assert deletion.result().status_code == 200
    assert http.get(f"/api/datasets/{repo}").json()["private"] is True


def test_a_file_is_uploaded_replaced_and_deleted(api: Api, repo: str, hub: RunningHub) -> None:
    me = api("hf_me")
    me.create_repo(repo, repo_type="dataset")
    first = upload(me, repo, "a/b.csv", b"x\n1\n")
    assert first.oid == me.dataset_info(repo).sha
    second = upload(me, repo, "a/b.csv", b"x\n2\n")
    assert second.oid != first.oid
    same = upload(me, repo, "a/b.csv", b"x\n2\n")
    assert same.oid == second.oid
    assert hub.http.get(f"/datasets/{repo}/resolve/main/a/b.csv").text == "x\n2\n"
    me.delete_file("a/b.csv", repo_id=repo, repo_type="dataset")
    assert files_of(me, repo) == []
    with pytest.raises(RemoteEntryNotFoundError):
        me.delete_file("a/b.csv", repo_id=repo, repo_type="dataset")


def test_a_folder_is_uploaded_without_its_dotfiles(api: Api, repo: str, tmp_path: Path) -> None:
    for path in ("README.md", "data/train.csv", ".gitattributes", ".venv/x", "data/.DS_Store"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("---\ntags: [a]\n---\n")
    me = api("hf_me")
    me.create_repo(repo, repo_type="dataset")
    me.upload_folder(folder_path=tmp_path, repo_id=repo, repo_type="dataset")
    assert files_of(me, repo) == ["README.md", "data/train.csv"]
    me.upload_folder(
        folder_path=tmp_path / "data",
        repo_id=repo,
        repo_type="dataset",
        path_in_repo="other",
        delete_patterns="*",
    )
    assert files_of(me, repo) == ["README.md", "data/train.csv", "other/train.csv"]
    me.delete_folder("data", repo_id=repo, repo_type="dataset")
    assert files_of(me, repo) == ["README.md", "other/train.csv"]


def test_a_commit_does_everything_or_nothing(api: Api, repo: str, pushed: Push) -> None:
    head = pushed({"a.csv": "1\n", "dir/b.csv": "2\n"})
    me = api("hf_me")
    with pytest.raises(RemoteEntryNotFoundError):
        me.create_commit(
            repo,
            [CommitOperationAdd("c.csv", b"3\n"), CommitOperationDelete("missing.csv")],
            commit_message="Half",
            repo_type="dataset",
        )
    assert me.dataset_info(repo).sha == head
    assert files_of(me, repo) == ["a.csv", "dir/b.csv"]


def test_a_commit_on_an_old_revision_is_refused(api: Api, repo: str, pushed: Push) -> None:
    old = pushed({"a.csv": "1\n"})
    head = pushed({"a.csv": "2\n"})
    me = api("hf_me")
    with pytest.raises(HfHubHTTPError) as raised:
        upload(me, repo, "b.csv", b"3\n", parent=old)
    assert raised.value.response.status_code == 412
    assert upload(me, repo, "b.csv", b"3\n", parent=head).oid == me.dataset_info(repo).sha


def test_a_folder_can_become_a_file_and_a_file_a_folder(api: Api, repo: str, pushed: Push, hub: RunningHub) -> None:
    pushed({"x/y.csv": "1\n", "z": "2\n"})
    api("hf_me").create_commit(
        repo,
        [
            CommitOperationDelete("x/"),
            CommitOperationAdd("x", b"3\n"),
            CommitOperationDelete("z"),
            CommitOperationAdd("z/deep/er.csv", b"4\n"),
        ],
        commit_message="Swap",
        repo_type="dataset",
    )
    assert files_of(api(None), repo) == ["x", "z/deep/er.csv"]
    assert (hub.directory / repo / "z/deep/er.csv").read_text() == "4\n"


@pytest.mark.parametrize("path", ["a.csv/b.csv", "dir"])
def test_a_path_that_is_a_file_and_a_folder_is_a_bad_request(api: Api, repo: str, pushed: Push, path: str) -> None:
    pushed({"a.csv": "1\n", "dir/b.csv": "2\n"})
    with pytest.raises(BadRequestError):
        upload(api("hf_me"), repo, path, b"x")


def test_a_card_with_bad_yaml_is_refused_before_the_upload(api: Api, repo: str) -> None:
    api("hf_me").create_repo(repo, repo_type="dataset")
    for card in (b"---\nconfigs: [\n---\n", b"---\n- a\n---\n"):
        with pytest.raises(ValueError, match=r"Invalid metadata in README\.md"):
            upload(api("hf_me"), repo, "README.md", card)


def test_pull_requests_and_other_branches_are_refused(api: Api, repo: str, pushed: Push) -> None:
    pushed({"a.csv": "1\n"})
    add = [CommitOperationAdd("b.csv", b"x")]
    with pytest.raises(BadRequestError):
        api("hf_me").create_commit(repo, add, commit_message="Add", repo_type="dataset", create_pr=True)
    with pytest.raises(RevisionNotFoundError):
        api("hf_me").create_commit(repo, add, commit_message="Add", repo_type="dataset", revision="other")


@pytest.mark.parametrize(
    "named",
    [
        {"name": "../x"},
        {"name": "a..b"},
        {"name": "a--b"},
        {"name": ".hidden"},
        {"name": "x" * 97},
        {"name": "x.git"},
        {"name": "a/b/c"},
        {"name": "x", "organization": ".."},
        {"name": "x", "organization": "a/b"},
        {"name": "x", "organization": 1},
        {"name": None},
        {},
        {"name": "x", "type": "model"},
        {"name": "x", "visibility": "secret"},
    ],
)
def test_a_dataset_that_cannot_be_is_a_bad_request(http: httpx2.Client, named: dict[str, object]) -> None:
    assert http.post("/api/repos/create", json={"type": "dataset", **named}).status_code == 400


@pytest.mark.parametrize("body", [b"", b"no json", b"[]", b"[" * 100_000, b'{"a": "\xff"}'])
def test_a_body_that_is_no_object_is_a_bad_request(http: httpx2.Client, body: bytes) -> None:
    for method, path in (
        ("POST", "/api/repos/create"),
        ("DELETE", "/api/repos/delete"),
        ("PUT", "/api/datasets/acme/cities/settings"),
        ("POST", "/api/validate-yaml"),
        ("POST", "/api/datasets/acme/cities/preupload/main"),
        ("POST", "/api/datasets/acme/cities/commit/main"),
    ):
        assert http.request(method, path, content=body).status_code == 400


def test_no_dataset_is_created_through_a_symlink(http: httpx2.Client, hub: RunningHub, tmp_path: Path) -> None:
    (hub.directory / "linked").symlink_to(tmp_path)
    assert http.post("/api/repos/create", json={"name": "linked/new", "type": "dataset"}).status_code == 409
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "settings", [{}, {"gated": "maybe"}, {"gated": None}, {"gated": []}, {"visibility": "x"}, {"visibility": {}}]
)
def test_settings_that_cannot_be_are_a_bad_request(http: httpx2.Client, settings: dict[str, object]) -> None:
    assert http.put("/api/datasets/acme/cities/settings", json=settings).status_code == 400
