"""Reading datasets with the unmodified `huggingface_hub` client."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest
from hub.testing import RunningHub
from huggingface_hub import HfApi
from huggingface_hub.errors import RemoteEntryNotFoundError, RepositoryNotFoundError, RevisionNotFoundError

Api = Callable[[str | None], HfApi]
Push = Callable[[dict[str, str | bytes]], str]
PARQUET = b"PAR1" + bytes(100) + b"PAR1"


def test_a_dataset_is_described_with_its_card_and_its_files(api: Api) -> None:
    info = api(None).dataset_info("acme/cities")
    assert (info.id, info.author, info.private, info.gated, info.disabled) == (
        "acme/cities",
        "acme",
        False,
        False,
        False,
    )
    assert info.tags == ["towns"]
    assert info.card_data is not None
    assert info.card_data["tags"] == ["towns"]
    assert info.siblings is not None
    assert [sibling.rfilename for sibling in info.siblings] == ["README.md", "data/train.csv"]
    assert info.sha is not None
    assert len(info.sha) == 40
    assert set(info.sha) <= set("0123456789abcdef")


@pytest.mark.parametrize("revision", ["main", "refs/heads/main", "HEAD"])
def test_the_branch_has_several_names(api: Api, revision: str) -> None:
    head = api(None).dataset_info("acme/cities").sha
    assert head is not None
    assert api(None).dataset_info("acme/cities", revision=revision).sha == head
    assert api(None).dataset_info("acme/cities", revision=head).sha == head


def test_files_metadata_gives_sizes_and_digests_as_git_and_large_file_storage_do(
    api: Api, repo: str, pushed: Push
) -> None:
    pushed({"a.csv": "a\n1\n", "b.parquet": PARQUET})
    siblings = api(None).dataset_info(repo, files_metadata=True).siblings
    assert siblings is not None
    small, large = siblings
    # git hash-object
    assert (small.size, small.blob_id, small.lfs) == (4, "38c94da49473ad9ff172c45d5caff133fb8ca53f", None)
    assert large.lfs is not None
    assert (large.lfs.size, large.lfs.sha256) == (len(PARQUET), hashlib.sha256(PARQUET).hexdigest())


def test_expand_is_accepted(api: Api) -> None:
    assert api(None).dataset_info("acme/cities", expand=["sha", "private"]).private is False


def test_the_tree_lists_one_folder_or_all(api: Api) -> None:
    listed = [entry.path for entry in api(None).list_repo_tree("acme/cities", repo_type="dataset")]
    assert listed == ["README.md", "data"]
    inside = [entry.path for entry in api(None).list_repo_tree("acme/cities", "data", repo_type="dataset")]
    assert inside == ["data/train.csv"]
    everything = api(None).list_repo_tree("acme/cities", recursive=True, expand=True, repo_type="dataset")
    assert {entry.path: entry.last_commit is not None for entry in everything} == {
        "README.md": True,
        "data": True,
        "data/train.csv": True,
    }


def test_nested_folders_are_asked_for_as_one_escaped_segment(api: Api, repo: str, pushed: Push) -> None:
    pushed({"a/b c/é.csv": "x\n"})
    listed = api(None).list_repo_tree(repo, "a/b c", revision="refs/heads/main", repo_type="dataset")
    assert [entry.path for entry in listed] == ["a/b c/é.csv"]


def test_a_folder_that_is_not_there_is_an_entry_not_found(api: Api) -> None:
    with pytest.raises(RemoteEntryNotFoundError):
        list(api(None).list_repo_tree("acme/cities", "nowhere", repo_type="dataset"))


def test_all_files_are_listed(api: Api) -> None:
    assert api(None).list_repo_files("acme/cities", repo_type="dataset") == ["README.md", "data/train.csv"]


def test_paths_info_leaves_out_what_is_not_there(api: Api) -> None:
    found = api(None).get_paths_info(
        "acme/cities", ["data/train.csv", "data", "nothing.csv"], expand=True, repo_type="dataset"
    )
    assert [entry.path for entry in found] == ["data/train.csv", "data"]


def test_paths_info_takes_json_too(http: httpx2.Client) -> None:
    answer = http.post("/api/datasets/acme/cities/paths-info/main", json={"paths": ["README.md"], "expand": False})
    assert [entry["path"] for entry in answer.json()] == ["README.md"]


@pytest.mark.parametrize("body", [b"paths=%ff", b"\xff"])
def test_a_form_that_is_not_utf8_is_a_bad_request(http: httpx2.Client, body: bytes) -> None:
    answer = http.post(
        "/api/datasets/acme/cities/paths-info/main",
        content=body,
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )
    assert answer.status_code == 400


def test_refs_have_the_one_branch(api: Api) -> None:
    refs = api(None).list_repo_refs("acme/cities", repo_type="dataset", include_pull_requests=True)
    assert [branch.name for branch in refs.branches] == ["main"]
    assert refs.branches[0].target_commit == api(None).dataset_info("acme/cities").sha
    assert (refs.tags, refs.pull_requests) == ([], [])


def test_a_file_is_downloaded(api: Api, tmp_path: Path, hub: RunningHub) -> None:
    path = api(None).hf_hub_download("acme/cities", "data/train.csv", repo_type="dataset", cache_dir=tmp_path)
    assert Path(path).read_text() == (hub.directory / "acme/cities/data/train.csv").read_text()


def test_a_large_and_an_empty_file_are_downloaded_whole(api: Api, repo: str, pushed: Push, tmp_path: Path) -> None:
    big = bytes(range(256)) * 20_000
    pushed({"big.bin": big, "empty.txt": ""})
    for name, content in {"big.bin": big, "empty.txt": b""}.items():
        path = api(None).hf_hub_download(repo, name, repo_type="dataset", cache_dir=tmp_path)
        assert Path(path).read_bytes() == content


def test_a_snapshot_is_downloaded(api: Api, tmp_path: Path) -> None:
    folder = Path(api(None).snapshot_download("acme/cities", repo_type="dataset", cache_dir=tmp_path))
    assert sorted(path.name for path in folder.rglob("*") if path.is_file()) == ["README.md", "train.csv"]


def test_an_unknown_revision_is_a_revision_not_found(api: Api, tmp_path: Path) -> None:
    for revision in ("0" * 40, "other"):
        with pytest.raises(RevisionNotFoundError):
            api(None).dataset_info("acme/cities", revision=revision)
        with pytest.raises(RevisionNotFoundError):
            api(None).list_repo_files("acme/cities", revision=revision, repo_type="dataset")
        with pytest.raises(RevisionNotFoundError):
            api(None).hf_hub_download(
                "acme/cities", "README.md", repo_type="dataset", revision=revision, cache_dir=tmp_path
            )


def test_an_unknown_file_is_an_entry_not_found_that_names_the_revision(api: Api, tmp_path: Path) -> None:
    with pytest.raises(RemoteEntryNotFoundError) as raised:
        api(None).hf_hub_download("acme/cities", "no.csv", repo_type="dataset", cache_dir=tmp_path)
    assert raised.value.response.headers["X-Repo-Commit"] == api(None).dataset_info("acme/cities").sha


@pytest.mark.parametrize("repo_id", ["acme/nothing", "nobody/cities", "cities"])
def test_an_unknown_dataset_is_a_repository_not_found(api: Api, repo_id: str) -> None:
    for token, status in ((None, 401), ("hf_stranger", 404)):
        with pytest.raises(RepositoryNotFoundError) as raised:
            api(token).dataset_info(repo_id)
        assert raised.value.response.status_code == status
        assert raised.value.response.headers["X-Error-Code"] == "RepoNotFound"


def test_datasets_are_found_by_author_and_search(api: Api) -> None:
    assert [found.id for found in api(None).list_datasets(author="acme")] == ["acme/cities", "acme/gated-survey"]
    assert [found.id for found in api(None).list_datasets(author="acme", search="CIT")] == ["acme/cities"]
    full = next(iter(api(None).list_datasets(author="acme", full=True)))
    assert full.siblings is not None
    assert full.siblings[0].rfilename == "README.md"


def test_the_list_is_given_in_pages(http: httpx2.Client, hub: RunningHub) -> None:
    answer = http.get("/api/datasets", params={"author": "acme", "limit": "2"})
    assert [found["id"] for found in answer.json()] == ["acme/cities", "acme/gated-survey"]
    following = answer.links["next"]["url"]
    assert following.startswith(hub.endpoint)
    last = http.get(following)
    assert [found["id"] for found in last.json()] == ["acme/private-notes"]
    assert "next" not in last.links


@pytest.mark.parametrize("limit", ["0", "-1", "many"])
def test_a_limit_that_is_no_number_is_a_bad_request(http: httpx2.Client, limit: str) -> None:
    assert http.get("/api/datasets", params={"limit": limit}).status_code == 400


def test_an_unknown_address_and_a_wrong_method_say_so(http: httpx2.Client) -> None:
    assert http.get("/api/models/x/y").status_code == 404
    answer = http.post("/api/datasets")
    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET")


def test_the_hub_says_what_it_is_and_that_it_is_up(http: httpx2.Client) -> None:
    assert "HF_ENDPOINT" in http.get("/").text
    assert http.get("/healthcheck").text == "ok"


def test_addresses_follow_the_host_the_caller_used(http: httpx2.Client) -> None:
    answer = http.get(
        "/api/datasets", params={"limit": "1"}, headers={"Host": "hub.example", "X-Forwarded-Proto": "https"}
    )
    assert answer.links["next"]["url"].startswith("https://hub.example/api/datasets?")


@pytest.mark.parametrize(
    "card",
    [
        "---\n[not: closed\n---\n",
        "---\n- a list\n---\n",
        "---\nx: .nan\nd: 2020-01-01\n1: a\n---\n",
        "---\nx: &x [*x]\n---\n",
    ],
)
def test_a_strange_card_does_not_stop_a_dataset_from_being_described(
    api: Api, repo: str, pushed: Push, card: str
) -> None:
    pushed({"README.md": card})
    assert api(None).dataset_info(repo).id == repo
