"""What a snapshot answers is what the Hub would."""

from typing import Any
from urllib.parse import quote

import httpx2
import pytest
from hub.testing import eventually, running_hub
from huggingface_hub.hf_api import RepoSibling
from reader.hub import Observation, observe
from reader.snapshot import MAX_FILES, Snapshot, snapshot_of

DATASET = "a/b"
FILES = ["README.md", "data/train 1.csv", "data/more/é#%.txt", "top.txt"]


@pytest.fixture(scope="module")
def hub_and_snapshot(tmp_path_factory: pytest.TempPathFactory) -> Any:
    directory = tmp_path_factory.mktemp("datasets")
    for number, name in enumerate(FILES):
        path = directory / DATASET / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x" * number)
    with running_hub(directory) as hub:

        def all_seen() -> Observation | None:
            seen = observe(DATASET, endpoint=hub.endpoint, token=None, with_files=True)
            return seen if len(seen.files) == len(FILES) else None

        seen = eventually(all_seen)
        assert seen is not None
        snapshot = snapshot_of(DATASET, seen)
        assert snapshot is not None
        yield hub, snapshot


def essence(answer: httpx2.Response) -> Any:
    """What the libraries look at."""
    tree = [(entry["type"], entry["path"], entry["size"]) for entry in answer.json()] if is_list(answer) else None
    headers = {name: answer.headers.get(name) for name in ("X-Error-Code", "X-Repo-Commit", "Content-Length")}
    if answer.request.method != "HEAD" or answer.status_code != 200:
        del headers["Content-Length"]
    return answer.status_code, headers, sorted(tree) if tree is not None else None


def is_list(answer: httpx2.Response) -> bool:
    return answer.content.startswith(b"[")


def tree(snapshot: Snapshot, folder: str, recursive: str) -> str:
    path = f"/{quote(folder, safe='')}" if folder else ""
    return f"/api/datasets/{DATASET}/tree/{snapshot.revision}{path}?recursive={recursive}&expand=false"


@pytest.mark.parametrize("recursive", ["true", "false"])
@pytest.mark.parametrize("folder", ["", "data", "data/more", "dat", "top.txt/x"])
def test_a_folder_has_the_same_files_and_folders(folder: str, recursive: str, hub_and_snapshot: Any) -> None:
    hub, snapshot = hub_and_snapshot
    compare(hub, snapshot, "GET", tree(snapshot, folder, recursive))


@pytest.mark.parametrize("file", [*FILES, "dataset_infos.json", "data", "data/train"])
def test_a_file_is_there_or_not_and_has_the_same_size(file: str, hub_and_snapshot: Any) -> None:
    hub, snapshot = hub_and_snapshot
    compare(hub, snapshot, "HEAD", f"/datasets/{DATASET}/resolve/{snapshot.revision}/{quote(file)}")


def test_a_file_that_is_not_there_cannot_be_fetched(hub_and_snapshot: Any) -> None:
    hub, snapshot = hub_and_snapshot
    compare(hub, snapshot, "GET", f"/datasets/{DATASET}/resolve/{snapshot.revision}/nothing.csv")


def compare(hub: Any, snapshot: Snapshot, method: str, url: str) -> None:
    asked = hub.http.request(method, url)
    known = snapshot.answer(method, url.partition("?")[0], asked.request.url.params)
    assert known is not None
    known.request = asked.request
    assert essence(known) == essence(asked)


@pytest.mark.parametrize(
    ("method", "url"),
    [
        ("GET", "/datasets/a/b/resolve/{revision}/top.txt"),
        ("GET", "/datasets/a/b/resolve/main/nothing.csv"),
        ("GET", "/datasets/a/other/resolve/{revision}/nothing.csv"),
        ("GET", "/api/datasets/a/b"),
        ("GET", "/api/datasets/a/b/tree/main"),
        ("GET", "/api/datasets/a/b/tree/{revision}?expand=true"),
        ("POST", "/api/datasets/a/b/paths-info/{revision}"),
    ],
)
def test_what_only_the_hub_knows_is_left_to_it(method: str, url: str, hub_and_snapshot: Any) -> None:
    _, snapshot = hub_and_snapshot
    path, _, query = url.format(revision=snapshot.revision).partition("?")
    assert snapshot.answer(method, path, httpx2.QueryParams(query)) is None


def test_there_is_none_of_a_list_of_files_that_may_be_incomplete() -> None:
    def of(*files: RepoSibling) -> Snapshot | None:
        return snapshot_of(DATASET, Observation("public", "1" * 40, files=files))

    assert of() is None
    assert of(RepoSibling("a", size=1)) is not None
    assert of(RepoSibling("a", size=1), RepoSibling("b")) is None
    assert of(*(RepoSibling(str(number), size=1) for number in range(MAX_FILES + 1))) is None


def test_a_file_of_another_revision_is_another_one_to_a_cache() -> None:
    def tag_at(revision: str) -> str:
        path = f"/datasets/{DATASET}/resolve/{revision}/README.md"
        answer = Snapshot(DATASET, revision, {"README.md": 1}, b"x").answer("HEAD", path, {})
        assert answer is not None
        return str(answer.headers["ETag"])

    assert tag_at("1" * 40) != tag_at("2" * 40)
