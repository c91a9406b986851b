"""Who may see, read and write what."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hub.access import Access
from hub.rules import AccessError
from hub.testing import RunningHub, eventually, running_hub
from huggingface_hub import HfApi
from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, RepositoryNotFoundError

Api = Callable[[str | None], HfApi]

ANYONE = (None, "hf_stranger", "hf_alice", "hf_me", "hf_worker")
READS: dict[str, Callable[[HfApi, str], object]] = {
    "auth_check": lambda api, repo: api.auth_check(repo, repo_type="dataset"),
    "list_repo_tree": lambda api, repo: list(api.list_repo_tree(repo, repo_type="dataset")),
    "list_repo_files": lambda api, repo: api.list_repo_files(repo, repo_type="dataset"),
    "get_paths_info": lambda api, repo: api.get_paths_info(repo, ["README.md"], repo_type="dataset"),
    "list_repo_refs": lambda api, repo: api.list_repo_refs(repo, repo_type="dataset"),
    "hf_hub_download": lambda api, repo: api.hf_hub_download(repo, "README.md", repo_type="dataset", cache_dir="."),
}


@pytest.fixture(autouse=True)
def _downloads_go_to_a_folder_of_the_test(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("token", ANYONE)
def test_what_is_public_is_open_to_everybody(api: Api, token: str | None) -> None:
    assert api(token).dataset_info("acme/cities").private is False
    for read in READS.values():
        read(api(token), "acme/cities")


@pytest.mark.parametrize("token", ["hf_alice", "hf_me", "hf_worker"])
@pytest.mark.parametrize("repo_id", ["acme/private-notes", "acme/gated-survey", "alice/diary"])
def test_what_is_not_public_is_open_to_its_owner_and_to_those_given_access(api: Api, token: str, repo_id: str) -> None:
    assert api(token).dataset_info(repo_id).id == repo_id
    for read in READS.values():
        read(api(token), repo_id)


@pytest.mark.parametrize("read", READS)
@pytest.mark.parametrize(("token", "status"), [(None, 401), ("hf_stranger", 404)])
def test_what_is_private_looks_as_if_it_was_not_there(api: Api, token: str | None, status: int, read: str) -> None:
    for call in (READS[read], HfApi.dataset_info):
        with pytest.raises(RepositoryNotFoundError) as raised:
            call(api(token), "acme/private-notes")
        assert not isinstance(raised.value, GatedRepoError)
        assert raised.value.response.status_code == status


@pytest.mark.parametrize("read", READS)
@pytest.mark.parametrize(("token", "status"), [(None, 401), ("hf_stranger", 403)])
def test_what_is_gated_is_described_but_not_given(api: Api, token: str | None, status: int, read: str) -> None:
    assert api(token).dataset_info("acme/gated-survey").gated == "auto"
    with pytest.raises(GatedRepoError) as raised:
        READS[read](api(token), "acme/gated-survey")
    assert raised.value.response.status_code == status


def test_the_list_shows_what_the_caller_may_see(api: Api) -> None:
    def listed(token: str | None) -> list[str]:
        return [found.id for found in api(token).list_datasets(author="acme")]

    assert listed(None) == listed("hf_stranger") == ["acme/cities", "acme/gated-survey"]
    assert listed("hf_alice") == ["acme/cities", "acme/gated-survey", "acme/private-notes"]
    assert [found.id for found in api("hf_alice").list_datasets(author="alice")] == ["alice/diary"]


@pytest.mark.parametrize(
    ("token", "name", "role"),
    [
        ("hf_me", "me", "write"),
        ("hf_stranger", "stranger", "read"),
        ("hf_alice", "alice", "read"),
        ("hf_worker", "worker", "read"),
    ],
)
def test_whoami_names_the_user_of_a_token(api: Api, token: str, name: str, role: str) -> None:
    found = api(token).whoami()
    assert (found["name"], found["auth"]["accessToken"]["role"]) == (name, role)


def test_whoami_needs_a_token(hub: RunningHub) -> None:
    assert hub.http.get("/api/whoami-v2").status_code == 401


def test_an_unknown_token_is_refused_even_for_what_is_public(api: Api) -> None:
    with pytest.raises(HfHubHTTPError) as raised:
        api("hf_nobody").dataset_info("acme/cities")
    assert not isinstance(raised.value, RepositoryNotFoundError)
    assert raised.value.response.status_code == 401
    assert raised.value.response.headers["X-Error-Message"] == "Invalid credentials in Authorization header"


@pytest.mark.parametrize("header", ["Basic bWU6bWU=", "hf_me", "Bearer"])
def test_another_kind_of_authorization_is_refused(hub: RunningHub, header: str) -> None:
    answer = hub.http.get("/api/datasets/acme/cities", headers={"Authorization": header})
    assert answer.status_code == 401


def test_a_cookie_counts_as_the_header_does(hub: RunningHub) -> None:
    def status(repo: str, **headers: str) -> int:
        return hub.http.get(f"/api/datasets/{repo}/auth-check", headers=headers).status_code

    assert status("acme/private-notes", Cookie="other=1; token=hf_alice") == 200
    assert status("acme/private-notes", Cookie="token=hf_stranger") == 404
    assert status("acme/private-notes", Cookie="token=hf_nobody") == 401
    assert status("acme/private-notes", Cookie="token=hf_alice", Authorization="Bearer hf_stranger") == 404


@pytest.mark.parametrize(
    ("token", "repo_id", "status"),
    [
        (None, "acme/cities", 401),
        (None, "acme/private-notes", 401),
        ("hf_stranger", "acme/cities", 403),
        ("hf_stranger", "acme/private-notes", 404),
        ("hf_stranger", "acme/gated-survey", 403),
        ("hf_alice", "acme/private-notes", 403),
        ("hf_worker", "acme/private-notes", 403),
        ("hf_me", "acme/private-notes", 200),
        ("hf_me", "acme/nothing", 404),
    ],
)
def test_only_me_may_write(hub: RunningHub, token: str | None, repo_id: str, status: int) -> None:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    address = f"/api/datasets/{repo_id}"
    assert hub.http.get(f"{address}/auth-check/write", headers=headers).status_code == status
    if status != 200:
        namespace, name = repo_id.split("/")
        named = {"organization": namespace, "name": name, "type": "dataset"}
        answers = [
            hub.http.post(
                f"{address}/commit/main", headers=headers, content='{"key":"header","value":{"summary":"x"}}'
            ),
            hub.http.post(f"{address}/preupload/main", headers=headers, json={"files": []}),
            hub.http.put(f"{address}/settings", headers=headers, json={"visibility": "public"}),
            hub.http.request("DELETE", "/api/repos/delete", headers=headers, json=named),
            hub.http.post(f"/datasets/{repo_id}.git/info/lfs/objects/batch", headers=headers, json={}),
        ]
        assert [answer.status_code for answer in answers] == [status] * len(answers)


@pytest.mark.parametrize(("token", "status"), [(None, 401), ("hf_stranger", 403), ("hf_worker", 403)])
def test_only_me_may_create(api: Api, token: str | None, status: int) -> None:
    with pytest.raises(HfHubHTTPError) as raised:
        api(token).create_repo("stranger/new", repo_type="dataset")
    assert raised.value.response.status_code == status


def test_the_access_file_is_read_again_and_a_broken_edit_keeps_what_was(tmp_path: Path) -> None:
    (tmp_path / "acme/notes").mkdir(parents=True)
    rules = tmp_path / "hub.yaml"
    with running_hub(tmp_path) as hub:

        def status() -> int:
            return hub.http.get("/api/datasets/acme/notes").status_code

        assert status() == 200
        rules.write_text("datasets: {acme/notes: {private: true}}")
        eventually(lambda: status() == 401)
        rules.write_text("datasets: [")
        eventually(lambda: "hub.yaml: not valid YAML" in hub.log)
        # After the Hub has looked twice more, and found the file as it was.
        (tmp_path / "acme/later").mkdir()
        eventually(lambda: hub.http.get("/api/datasets/acme/later").status_code == 200)
        assert status() == 401
        named = {"name": "acme/other", "type": "dataset", "visibility": "private"}
        me = {"Authorization": "Bearer hf_me"}
        assert hub.http.post("/api/repos/create", json=named, headers=me).status_code == 409
        assert not (tmp_path / "acme/other").exists()
        rules.unlink()
        eventually(lambda: status() == 200)
        assert hub.log.count("not valid YAML") == 1


@pytest.mark.parametrize(
    ("rules", "complaint"),
    [
        ("datasets: {acme/x: {privat: true}}", "unknown key 'privat' in acme/x"),
        ("datasets: {acme/x: {private: 'yes'}}", "private of acme/x must be true or false"),
        ("datasets: {acme/x: {gated: maybe}}", "gated of acme/x must be"),
        ("datasets: {acme/x: {disabled: 1}}", "disabled of acme/x must be true or false"),
        ("datasets: {x: {private: true}}", "not a namespace/name"),
        ("tokens: {hf_x: {datasets: []}}", "tokens: each must be a mapping"),
        ("tokens: {hf_me: {user: eve}}", "hf_me is always there"),
        ("- a list", "must be a mapping"),
        ("moved: [acme/x]", "moved must be a mapping"),
        ("moved: {acme/x: [acme/y]}", "must be two namespace/name"),
        ("moved: {x: acme/y}", "must be two namespace/name"),
    ],
)
def test_an_access_file_that_is_wrong_says_why(tmp_path: Path, rules: str, complaint: str) -> None:
    (tmp_path / "hub.yaml").write_text(rules)
    with pytest.raises(AccessError, match=complaint):
        Access(tmp_path / "hub.yaml", "hf_worker")
