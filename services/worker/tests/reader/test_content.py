"""What a revision's signature depends on."""

import threading
from pathlib import Path
from typing import Any

import pytest
from hub.testing import RunningHub, eventually, running_hub
from huggingface_hub.hf_api import RepoSibling
from libcommon.errors import CodedError
from reader.card import read_card
from reader.content import signature_of
from reader.hub import Observation, observe

from services.worker.tests.stand_in import Reply, standing_in

REVISION = "1" * 40
CARD = "---\nlicense: mit\n---\n"


def signature(**files: str) -> str | None:
    """Of a repository that has these blobs by name, `__` standing for a dot, and no README.md."""
    siblings = tuple(RepoSibling(name.replace("__", "."), size=1, blob_id=blob) for name, blob in files.items())
    return signature_of(Observation("public", REVISION, files=siblings), None)


def of_seen(dataset: str, seen: Observation, endpoint: str) -> str | None:
    return signature_of(seen, read_card(dataset, seen, endpoint=endpoint, token=None))


def test_it_depends_on_the_names_and_the_bytes_of_files_and_not_on_their_order() -> None:
    same = signature(a__csv="1", b__csv="2")
    assert same == signature(b__csv="2", a__csv="1") is not None
    others = [signature(a__csv="1"), signature(a__csv="2", b__csv="1"), signature(a__csv="1", c__csv="2")]
    assert len({same, *others}) == 4


def test_dotfiles_of_tools_at_the_root_do_not_count() -> None:
    assert signature(a__csv="1") == signature(a__csv="1", __gitattributes="2", __DS_Store="3")


@pytest.mark.parametrize(
    "name", ["__huggingface__yaml", "__x__png", "__x/y__png", "folder/__x/y", "folder/__gitignore"]
)
def test_other_dotfiles_count_since_the_card_or_the_metadata_may_name_them(name: str) -> None:
    assert signature(a__csv="1", **{name: "1"}) != signature(a__csv="1", **{name: "2"})


def test_a_list_that_may_be_incomplete_has_none() -> None:
    assert signature() is None
    assert signature(**{f"{number}__csv": "1" for number in range(20_001)}) is None
    siblings = (RepoSibling("a.csv"),)
    seen = Observation("public", REVISION, files=siblings)
    assert signature_of(seen, None) is None


def of_readme(hub: RunningHub, readme: str | bytes, name: str) -> str | None:
    """The signature of a dataset with this README.md and a data file."""
    folder = hub.directory / "a" / name
    folder.mkdir(parents=True)
    (folder / "README.md").write_bytes(readme if isinstance(readme, bytes) else readme.encode())
    (folder / "train.csv").write_text("n\n1\n")

    def seen() -> Any:
        found = observe(f"a/{name}", endpoint=hub.endpoint, token=None, with_files=True)
        return found if len(found.files) == 2 else None

    found: Observation = eventually(seen)
    return of_seen(f"a/{name}", found, hub.endpoint)


@pytest.mark.parametrize(
    ("before", "after", "same"),
    [
        ("# a\n", "# b\n", True),
        (CARD + "# a\n", CARD + "# b\n", True),
        (CARD, CARD.replace("mit", "other"), False),
        (CARD, "", False),
        ("---\nconfigs: [\n---\na\n", "---\nconfigs: [\n---\nb\n", True),
        ("---\ndata_files: README.md\n---\na\n", "---\ndata_files: README.md\n---\nb\n", False),
        ("a" * 1_000_001, "b" * 1_000_001, False),
    ],
    ids=["text", "text below a card", "card", "card gone", "broken card", "asks for the readme"]
    + ["too long to be read"],
)
def test_of_a_readme_only_the_block_at_its_top_counts_unless_it_asks_for_more(
    tmp_path: Path, before: str, after: str, same: bool
) -> None:
    with running_hub(tmp_path) as hub:
        signatures = of_readme(hub, before, "before"), of_readme(hub, after, "after")
    assert None not in signatures
    assert (signatures[0] == signatures[1]) is same


@pytest.mark.parametrize(
    "readme", [b"---\nlicense: \xff\n---\n", b"---\nlicense: mit\n---\n\xff\n"], ids=["block", "text"]
)
def test_a_readme_that_is_not_utf_8_has_none_since_the_library_takes_it_for_an_error(
    tmp_path: Path, readme: bytes
) -> None:
    with running_hub(tmp_path) as hub:
        assert of_readme(hub, readme, "broken") is None


def test_a_hub_that_does_not_give_the_readme_is_in_trouble_or_has_another_revision_by_now(tmp_path: Path) -> None:
    files = (RepoSibling("README.md", size=1, blob_id="1"),)
    seen = Observation("public", REVISION, files=files)
    with running_hub(tmp_path) as hub:
        assert of_seen("a/b", seen, hub.endpoint) is None
    with pytest.raises(CodedError) as raised:
        of_seen("a/b", seen, hub.endpoint)
    assert raised.value.code == "HfHubError"


def test_a_hub_that_takes_too_long_over_the_files_still_says_what_the_dataset_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    over = threading.Event()

    def reply_to(path: str) -> Reply:
        if "blobs" in path:
            over.wait()
        return Reply.of_json(b'{"id": "a/b", "sha": "%s"}' % REVISION.encode())

    monkeypatch.setattr("reader.hub.TIMEOUT_SECONDS", 2.0)
    with standing_in(reply_to) as endpoint:
        try:
            seen = observe("a/b", endpoint=endpoint, token=None, with_files=True)
        finally:
            over.set()
    assert seen == Observation("public", REVISION)
    assert of_seen("a/b", seen, endpoint) is None
