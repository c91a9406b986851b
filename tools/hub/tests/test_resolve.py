"""The bytes of files: ranges, headers, revisions that are no more, and paths that lead elsewhere."""

import hashlib
import json
import os
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest
from hub.testing import RunningHub, eventually

Push = Callable[[dict[str, str | bytes]], str]
TEN = "0123456789"


@pytest.fixture
def address(pushed: Push, repo: str) -> str:
    pushed({"ten.csv": TEN, "empty.csv": "", "big.parquet": os.urandom(3_000_000)})
    return f"/datasets/{repo}/resolve/main/ten.csv"


def test_a_file_comes_with_its_revision_its_etag_and_its_length(
    http: httpx2.Client, repo: str, address: str, hub: RunningHub
) -> None:
    head, got = http.head(address), http.get(address, headers={"Accept-Encoding": "gzip, zstd"})
    assert got.text == TEN
    for answer in (head, got):
        assert answer.status_code == 200
        assert answer.headers["X-Repo-Commit"] == http.get(f"/api/datasets/{repo}").json()["sha"]
        assert answer.headers["ETag"] == f'"{hashlib.sha1(b"blob 10" + bytes(1) + TEN.encode()).hexdigest()}"'  # noqa: S324
        assert answer.headers["Content-Length"] == "10"
        assert answer.headers["Accept-Ranges"] == "bytes"
        assert "Content-Encoding" not in answer.headers
    large = http.get(address.replace("ten.csv", "big.parquet"))
    content = (hub.directory / repo / "big.parquet").read_bytes()
    assert large.content == content
    assert large.headers["ETag"] == f'"{hashlib.sha256(content).hexdigest()}"'


@pytest.mark.parametrize(
    ("wanted", "content", "described"),
    [
        ("bytes=0-3", "0123", "bytes 0-3/10"),
        ("bytes=8-", "89", "bytes 8-9/10"),
        ("bytes=-3", "789", "bytes 7-9/10"),
        ("bytes=-30", TEN, "bytes 0-9/10"),
        ("bytes=9-100", "9", "bytes 9-9/10"),
    ],
)
def test_a_range_is_given_as_partial_content(
    http: httpx2.Client, address: str, wanted: str, content: str, described: str
) -> None:
    answer = http.get(address, headers={"Range": wanted})
    assert (answer.status_code, answer.text, answer.headers["Content-Range"]) == (206, content, described)
    assert answer.headers["Content-Length"] == str(len(content))


def test_a_range_in_the_middle_of_a_big_file_is_exact(
    http: httpx2.Client, address: str, hub: RunningHub, repo: str
) -> None:
    content = (hub.directory / repo / "big.parquet").read_bytes()
    answer = http.get(address.replace("ten.csv", "big.parquet"), headers={"Range": "bytes=5-2500004"})
    assert answer.content == content[5:2_500_005]


@pytest.mark.parametrize(
    ("name", "wanted"), [("ten.csv", "bytes=10-"), ("empty.csv", "bytes=0-"), ("ten.csv", "bytes=-0")]
)
def test_a_range_past_the_end_cannot_be_satisfied(http: httpx2.Client, address: str, name: str, wanted: str) -> None:
    answer = http.get(address.replace("ten.csv", name), headers={"Range": wanted})
    size = 10 if name == "ten.csv" else 0
    assert (answer.status_code, answer.headers["Content-Range"]) == (416, f"bytes */{size}")


@pytest.mark.parametrize("wanted", ["bytes=3-1", "bytes=-", "rows=0-1", "bytes=0-1,3-4", "bytes=a-b", "bytes=²-"])
def test_a_range_that_makes_no_sense_is_ignored(http: httpx2.Client, address: str, wanted: str) -> None:
    answer = http.get(address, headers=[(b"Range", wanted.encode())])
    assert (answer.status_code, answer.text) == (200, TEN)


def test_a_range_of_another_version_gives_the_whole_file(http: httpx2.Client, address: str) -> None:
    etag = http.head(address).headers["ETag"]
    assert http.get(address, headers={"Range": "bytes=0-1", "If-Range": '"other"'}).status_code == 200
    assert http.get(address, headers={"Range": "bytes=0-1", "If-Range": etag}).status_code == 206


def test_the_bytes_of_a_new_revision_are_never_given_for_an_old_one(
    http: httpx2.Client, repo: str, hub: RunningHub, pushed: Push
) -> None:
    old = pushed({"a.csv": "old"})
    pinned = f"/datasets/{repo}/resolve/{old}/a.csv"
    assert http.get(pinned).text == "old"
    # By hand, of the same size, and asked for at once: before the Hub has looked at the folder again.
    (hub.directory / repo / "a.csv").write_text("new")
    for answer in (http.get(pinned), http.head(pinned)):
        assert answer.status_code == 404
        assert answer.headers["X-Error-Code"] == "RevisionNotFound"
    assert http.get(f"/datasets/{repo}/resolve/main/a.csv").text == "new"


def test_a_file_written_over_many_times_is_always_the_one_of_its_revision(
    http: httpx2.Client, repo: str, hub: RunningHub, pushed: Push
) -> None:
    pushed({"a.csv": "0000"})
    path = hub.directory / repo / "a.csv"
    contents: dict[str, str] = {}
    done = threading.Event()

    def write() -> None:
        for number in range(300):
            path.write_text(f"{number:04}")
        done.set()

    writer = threading.Thread(target=write)
    writer.start()
    while not done.is_set():
        answer = http.get(f"/datasets/{repo}/resolve/main/a.csv")
        if answer.status_code == 200:
            assert contents.setdefault(answer.headers["X-Repo-Commit"], answer.text) == answer.text
            blob = hashlib.sha1(b"blob %d\0%s" % (len(answer.content), answer.content)).hexdigest()  # noqa: S324
            assert answer.headers["ETag"] == f'"{blob}"'
        else:
            assert answer.status_code == 503
    writer.join()
    eventually(lambda: http.get(f"/datasets/{repo}/resolve/main/a.csv").text == "0299")


def test_an_answer_is_cut_off_when_the_file_changes_under_it(
    http: httpx2.Client, hub: RunningHub, repo: str, pushed: Push
) -> None:
    # More than the buffers between the Hub and the client hold.
    pushed({"big.csv": bytes(30_000_000)})
    with (
        http.stream("GET", f"/datasets/{repo}/resolve/main/big.csv") as answer,
        (hub.directory / repo / "big.csv").open("r+b") as file,
    ):
        chunks = answer.iter_raw()
        assert next(chunks)
        file.write(b"new")
        file.flush()
        with pytest.raises(httpx2.RemoteProtocolError):
            list(chunks)


def test_the_same_content_has_the_same_revision_again(pushed: Push, http: httpx2.Client) -> None:
    first = pushed({"a.csv": "1"})
    assert pushed({"a.csv": "2"}) != first
    assert pushed({"a.csv": "1"}) == first


@pytest.mark.parametrize(
    "path",
    [
        "/datasets/acme/cities/resolve/main/../private-notes/data/train.csv",
        "/datasets/acme/cities/resolve/main/%2e%2e/private-notes/data/train.csv",
        "/datasets/acme/cities/resolve/main/..%2fprivate-notes%2fdata%2ftrain.csv",
        "/datasets/acme/cities/resolve/main/data/..%2F..%2F..%2Fhub.yaml",
        "/datasets/acme/cities/resolve/main//etc/passwd",
        "/datasets/acme/cities/resolve/main/%2Fetc%2Fpasswd",
        "/datasets/acme/cities/resolve/main/data%00",
        "/datasets/acme/cities/resolve/main/data%0d%0aX-Injected:%201",
        "/datasets/acme/cities/resolve/main/%ff",
        "/datasets/acme/cities/resolve/main/%25%32%65",
        "/datasets/acme/cities/resolve/main/" + "x" * 5000,
        "/datasets/acme/cities/resolve/main/",
        "/datasets/acme/cities/resolve/main",
        "/datasets/acme/cities/resolve/..%2f..%2fmain/README.md",
        "/datasets/acme/../acme/private-notes/resolve/main/README.md",
        "/datasets/acme%2fprivate-notes/x/resolve/main/README.md",
        "/datasets/..%2f../etc/resolve/main/passwd",
        "/datasets/.hub/commits/resolve/main/x",
        "/api/datasets/%2e%2e/%2e%2e",
        "/api/datasets/acme/cities/tree/main/..%2f..",
        "/api/datasets/acme/cities/tree/main/%2e%2e/private-notes",
        "/api/datasets/acme/cities/tree/..%2fx",
    ],
)
def test_no_path_leads_out_of_a_dataset(hub: RunningHub, path: str) -> None:
    host, port = hub.endpoint.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), 10) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    status = int(answer.split(b" ")[1])
    assert 400 <= status < 500
    assert b"Paris" not in answer
    assert b"hf_alice" not in answer
    assert b"X-Injected" not in answer.partition(b"\r\n\r\n")[0].replace(b"x-error-message", b"")


@pytest.mark.parametrize(
    "path", ["../x.csv", "/x.csv", "a/../../x.csv", "a//x.csv", "./x.csv", "a\0.csv", "", "a/\n", "x" * 300, "\ud800"]
)
def test_no_commit_writes_out_of_a_dataset(
    http: httpx2.Client, hub: RunningHub, repo: str, pushed: Push, path: str
) -> None:
    head = pushed({"a.csv": "1"})
    before = sorted(hub.directory.rglob("*"))
    header = '{"key":"header","value":{"summary":"x"}}\n'
    for line in (
        {"key": "file", "value": {"path": path, "encoding": "base64", "content": "eA=="}},
        {"key": "lfsFile", "value": {"path": path, "algo": "sha256", "oid": "0" * 64, "size": 1}},
        {"key": "deletedFile", "value": {"path": path}},
        {"key": "deletedFolder", "value": {"path": path}},
    ):
        answer = http.post(f"/api/datasets/{repo}/commit/main", content=header + json.dumps(line))
        assert answer.status_code == 400
    asked = {"files": [{"path": path, "size": 1, "sample": ""}]}
    assert http.post(f"/api/datasets/{repo}/preupload/main", content=json.dumps(asked)).status_code == 400
    assert http.get(f"/api/datasets/{repo}").json()["sha"] == head
    assert [found for found in sorted(hub.directory.rglob("*")) if found not in before] == []


def test_a_symlink_is_neither_read_nor_written_through(
    http: httpx2.Client, hub: RunningHub, repo: str, pushed: Push, tmp_path: Path
) -> None:
    pushed({"a.csv": "1"})
    (tmp_path / "secret.csv").write_text("secret")
    (hub.directory / repo / "outside").symlink_to(tmp_path)
    (hub.directory / repo / "link.csv").symlink_to(tmp_path / "secret.csv")
    for path in ("outside/secret.csv", "link.csv"):
        assert http.get(f"/datasets/{repo}/resolve/main/{path}").status_code == 404
    header = '{"key":"header","value":{"summary":"x"}}\n'
    line = '{"key":"file","value":{"path":"outside/new.csv","encoding":"base64","content":"eA=="}}'
    assert http.post(f"/api/datasets/{repo}/commit/main", content=header + line).status_code == 409
    assert [path.name for path in tmp_path.iterdir()] == ["secret.csv"]


@pytest.mark.parametrize("kind", ["symlink", "pipe", "folder"])
def test_a_file_swapped_for_something_else_is_not_read(
    http: httpx2.Client, hub: RunningHub, repo: str, pushed: Push, tmp_path: Path, kind: str
) -> None:
    pushed({"a.csv": "1"})
    path = hub.directory / repo / "a.csv"
    path.unlink()
    if kind == "symlink":
        (tmp_path / "b.csv").write_text("2")
        path.symlink_to(tmp_path / "b.csv")
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        path.mkdir()
    assert http.get(f"/datasets/{repo}/resolve/main/a.csv").status_code == 404
