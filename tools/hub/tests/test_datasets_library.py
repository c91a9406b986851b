"""The unmodified `datasets` library against the Hub, in a process of its own."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest

Client = Callable[..., Any]
Push = Callable[[dict[str, str | bytes]], str]
ROWS = [{"city": "Paris", "people": 2_100_000}, {"city": "Oslo", "people": 700_000}]
HIDDEN = "DatasetNotFoundError: .* doesn't exist on the Hub or cannot be accessed"


@pytest.mark.parametrize(
    "files",
    [
        {"data/train.csv": "city,people\nParis,2100000\nOslo,700000\n"},
        {"train.jsonl": '{"city": "Paris", "people": 2100000}\n{"city": "Oslo", "people": 700000}\n'},
        {
            "data/train-0-of-2.csv": "city,people\nParis,2100000\n",
            "data/train-1-of-2.csv": "city,people\nOslo,700000\n",
        },
    ],
    ids=["csv", "jsonl", "shards"],
)
def test_text_formats_are_streamed_and_downloaded(
    client: Client, repo: str, pushed: Push, files: dict[str, str | bytes]
) -> None:
    pushed(files)
    assert client("config_names", repo, None) == ["default"]
    assert client("split_names", repo, "default", None) == ["train"]
    assert client("stream", repo, None) == ROWS
    assert client("download", repo, None) == ROWS


def test_parquet_is_uploaded_streamed_and_downloaded(client: Client, repo: str) -> None:
    client("upload_parquet", repo, ROWS, ["data/train.parquet"])
    assert client("stream", repo, None) == ROWS
    assert client("download", repo, None) == ROWS


def test_the_same_parquet_is_uploaded_to_two_paths(client: Client, repo: str) -> None:
    client("upload_parquet", repo, ROWS, ["data/train-0.parquet", "data/train-1.parquet"])
    assert client("stream", repo, None) == ROWS * 2


def test_a_folder_with_small_and_large_files_and_dotfiles_is_uploaded(
    client: Client, repo: str, tmp_path: Path, http: httpx2.Client
) -> None:
    files = {"README.md": b"# Sounds", "a.csv": b"x\n1\n", "media/a.wav": bytes(100), ".gitattributes": b"*.wav lfs"}
    for path, content in files.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_bytes(content)
    client("upload_folder", repo, str(tmp_path))
    listed = [sibling["rfilename"] for sibling in http.get(f"/api/datasets/{repo}").json()["siblings"]]
    assert listed == ["README.md", "a.csv", "media/a.wav"]


def test_a_second_push_replaces_the_first(client: Client, repo: str, http: httpx2.Client) -> None:
    first = client("push", repo, ROWS, False)
    assert http.get(f"/api/datasets/{repo}").json()["sha"] == first
    assert client("stream", repo, None) == ROWS
    second = client("push", repo, ROWS[:1], False)
    assert second != first
    assert client("stream", repo, None) == client("download", repo, None) == ROWS[:1]


def test_configs_and_splits_that_were_pushed_are_listed(client: Client, repo: str) -> None:
    client("push_configs", repo, ROWS)
    assert client("config_names", repo, None) == ["first", "second"]
    assert client("split_names", repo, "second", None) == ["train", "test"]


def test_a_private_push_is_only_for_those_who_may_read_it(client: Client, repo: str) -> None:
    client("push", repo, ROWS, True)
    # First who may not: the library gives from its cache what anybody has read before.
    for token in (None, "hf_stranger", "hf_alice"):
        with pytest.raises(RuntimeError, match=HIDDEN):
            client("stream", repo, token)
    for reader in ("hf_me", "hf_worker"):
        assert client("stream", repo, reader) == ROWS


@pytest.mark.parametrize("token", [None, "hf_stranger", "hf_alice", "hf_me", "hf_worker"])
def test_whoever_may_read_can_load_the_others_are_told_why_not(client: Client, token: str | None) -> None:
    anybody = {"acme/cities": None}
    reader = {"acme/private-notes": None, "acme/gated-survey": None}
    refused = {
        None: {
            "acme/private-notes": HIDDEN,
            "acme/gated-survey": "DatasetNotFoundError: .* gated dataset on the Hub. You must be authenticated",
        },
        "hf_stranger": {
            "acme/private-notes": HIDDEN,
            "acme/gated-survey": "DatasetNotFoundError: .* gated dataset on the Hub. Visit the dataset page",
        },
    }
    for repo_id, refusal in (anybody | refused.get(token, reader) | {"acme/nothing": HIDDEN}).items():
        for call in ("config_names", "stream", "download"):
            if refusal is None:
                assert client(call, repo_id, token) == (["default"] if call == "config_names" else ROWS)
            else:
                with pytest.raises(RuntimeError, match=refusal):
                    client(call, repo_id, token)


def test_an_empty_dataset_is_said_to_be_empty(client: Client, repo: str, pushed: Push) -> None:
    pushed({})
    with pytest.raises(RuntimeError, match="EmptyDatasetError"):
        client("stream", repo, None)
