"""A whole system whose media files are in a bucket of S3-compatible storage."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from stack.s3 import S3

from e2e.stack_process import OwnStack, eventually, own_stack
from e2e.test_samples import settled, sources

pytestmark = pytest.mark.own_stack
MEDIA = ["samples/captioned-shapes", "samples/tone-sweeps"]


@pytest.fixture
def with_a_bucket(s3: S3, tmp_path: Path) -> Iterator[OwnStack]:
    with own_stack(tmp_path / "data", ASSETS_SWEEP_INTERVAL_SECONDS="1", **s3.settings("e2e")) as stack:
        yield stack


def test_media_are_shown_from_the_bucket_and_go_with_their_dataset(
    with_a_bucket: OwnStack, s3: S3, tmp_path: Path
) -> None:
    stack = with_a_bucket
    shown = [
        source
        for name in MEDIA
        for source in sources(settled(stack, name, "/first-rows", config="default", split="train").json()["rows"])
    ]
    assert len(shown) > 10
    for source in shown:
        file = stack.get(source)
        assert file.status_code == 200
        assert file.content == s3.read(f"e2e/{source.removeprefix('/assets/')}")
        part = stack.http.get(source, headers={"Range": "bytes=1-4"})
        assert (part.status_code, part.content) == (206, file.content[1:5])
    assert not list((stack.directory / "assets").glob("*"))

    report = stack.admin.get("/admin/assets/report").raise_for_status().json()
    assert report["states"]["named"]["files"] >= len(shown)
    assert report["missing_files"] == 0
    metrics = eventually(lambda: text if "\nassets_files " in (text := stack.admin.get("/metrics").text) else "")
    # There is no disk that could get full.
    assert "assets_disk" not in metrics

    push = "from datasets import Dataset; from PIL import Image; "
    push += "Dataset.from_dict({'p': [Image.new('RGB', (4, 4))]}).push_to_hub('me/picture')"
    stack.run_client(push, tmp_path)
    (source,) = sources(eventually(lambda: stack.rows("me/picture")))
    key = f"e2e/{source.removeprefix('/assets/')}"
    assert stack.get(source).content == s3.read(key)
    stack.run_client("import huggingface_hub as h; h.delete_repo('me/picture', repo_type='dataset')", tmp_path)
    eventually(lambda: stack.get(source).status_code in (403, 404))
    eventually(lambda: key not in s3.keys("e2e/me/picture/"))
