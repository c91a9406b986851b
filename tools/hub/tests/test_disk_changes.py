"""What is done to the folder by hand."""

import asyncio
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hub.access import Access
from hub.files import Signature, digest
from hub.store import Store
from hub.testing import RunningHub, eventually, running_hub
from hub.watch import Watcher


def test_a_change_is_taken_in_when_it_has_come_to_rest(tmp_path: Path) -> None:
    async def scenario() -> None:
        store = Store(tmp_path)
        watcher = Watcher(store, Access(tmp_path / "hub.yaml", "hf_worker"))

        async def look() -> list[str]:
            await watcher.look()
            await asyncio.gather(*asyncio.all_tasks() - {asyncio.current_task()})
            return store.names()

        file = tmp_path / "acme/x/a.csv"
        file.parent.mkdir(parents=True)
        for content in ("1", "12", "123"):
            file.write_text(content)
            assert await look() == []
        assert await look() == ["acme/x"]
        snapshot = store.get("acme/x")
        file.write_text("1234")
        await look()
        assert store.get("acme/x") is snapshot
        await look()
        assert store.get("acme/x") is not snapshot

    asyncio.run(scenario())


def test_a_file_written_right_after_it_was_hashed_has_another_signature(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    for number in range(20):
        path.write_text(f"{number:02}")
        known = digest(tmp_path, "a.csv", threading.Event())
        with path.open("r+") as file:
            file.write("new")
        assert Signature.of(path.stat()).mtime_ns != known.signature.mtime_ns


@pytest.fixture(scope="module")
def own_hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHub]:
    with running_hub(tmp_path_factory.mktemp("datasets")) as hub:
        yield hub


def files_of(hub: RunningHub, repo: str) -> list[str] | None:
    answer = hub.http.get(f"/api/datasets/{repo}")
    return [sibling["rfilename"] for sibling in answer.json()["siblings"]] if answer.is_success else None


def test_a_folder_and_what_is_done_to_it_is_seen(own_hub: RunningHub) -> None:
    root = own_hub.directory / "acme/seen"
    root.mkdir(parents=True)
    eventually(lambda: files_of(own_hub, "acme/seen") == [])
    (root / "data").mkdir()
    (root / "data/a.csv").write_text("1")
    eventually(lambda: files_of(own_hub, "acme/seen") == ["data/a.csv"])
    (root / "data/a.csv").rename(root / "b.csv")
    eventually(lambda: files_of(own_hub, "acme/seen") == ["b.csv"])
    (root / "b.csv").unlink()
    eventually(lambda: files_of(own_hub, "acme/seen") == [])
    (root / "data").rmdir()
    root.rmdir()
    eventually(lambda: files_of(own_hub, "acme/seen") is None)


def test_the_revision_is_a_function_of_paths_and_bytes(own_hub: RunningHub) -> None:
    def revision(repo: str) -> object:
        return own_hub.http.get(f"/api/datasets/{repo}").json().get("sha")

    for repo in ("acme/one", "other/two"):
        (own_hub.directory / repo).mkdir(parents=True)
        (own_hub.directory / repo / "a.csv").write_text("1")
    eventually(lambda: files_of(own_hub, "acme/one") == files_of(own_hub, "other/two") == ["a.csv"])
    first = revision("acme/one")
    assert first == revision("other/two")
    (own_hub.directory / "other/two/a.csv").rename(own_hub.directory / "other/two/b.csv")
    eventually(lambda: files_of(own_hub, "other/two") == ["b.csv"])
    assert revision("other/two") != first
    os.utime(own_hub.directory / "acme/one/a.csv", (1, 1))
    (own_hub.directory / "other/two/b.csv").rename(own_hub.directory / "other/two/a.csv")
    eventually(lambda: files_of(own_hub, "other/two") == ["a.csv"])
    assert revision("other/two") == revision("acme/one") == first


def test_what_is_not_served_is_said_once_in_the_log(own_hub: RunningHub, tmp_path: Path) -> None:
    root = own_hub.directory / "acme/odd"
    (root / ".cache").mkdir(parents=True)
    (root / ".cache/x.csv").write_text("1")
    (root / ".hidden.csv").write_text("1")
    (root / "good.csv").write_text("1")
    (root / "link.csv").symlink_to(root / "good.csv")
    (root / "line\nbreak.csv").write_text("1")
    Path(os.fsdecode(os.fsencode(root) + b"/not-utf8-\xff.csv")).write_text("1")
    os.mkfifo(root / "pipe.csv")
    (own_hub.directory / "acme/bad--name").mkdir()
    (own_hub.directory / "acme/file.txt").write_text("1")
    (own_hub.directory / ".dotted").mkdir()
    (own_hub.directory / "linked").symlink_to(tmp_path)
    eventually(lambda: files_of(own_hub, "acme/odd") == ["good.csv"])
    for name in (
        "acme/odd/.cache",
        "acme/odd/.hidden.csv",
        "acme/odd/link.csv",
        "acme/odd/pipe.csv",
        "not-utf8",
        "acme/bad--name",
        "acme/file.txt",
        "'.dotted'",
        "'linked'",
    ):
        assert own_hub.log.count(name) == 1
    assert "link.csv': symlinks are not followed" in own_hub.log
    listed = [found["id"] for found in own_hub.http.get("/api/datasets").json()]
    assert "acme/odd" in listed
    assert not {"acme/bad--name", "acme/file.txt"} & set(listed)


def test_a_whole_directory_that_cannot_be_read_is_not_taken_for_empty(tmp_path: Path) -> None:
    directory = tmp_path / "datasets"
    (directory / "acme/x").mkdir(parents=True)
    with running_hub(directory) as hub:
        directory.rename(tmp_path / "elsewhere")
        eventually(lambda: "the directory can't be read" in hub.log)
        assert files_of(hub, "acme/x") == []
        (tmp_path / "elsewhere").rename(directory)
        eventually(lambda: "can be read again" in hub.log)
        assert hub.log.count("can't be read") == 1


def test_a_read_only_directory_is_served(tmp_path: Path) -> None:
    (tmp_path / "acme/x").mkdir(parents=True)
    (tmp_path / "acme/x/a.csv").write_text("1")
    tmp_path.chmod(0o555)
    with running_hub(tmp_path) as hub:
        assert files_of(hub, "acme/x") == ["a.csv"]
    assert not (tmp_path / ".hub").exists()
    tmp_path.chmod(0o755)
