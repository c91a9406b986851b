"""The media files that the workers wrote."""

from collections.abc import Callable
from pathlib import Path

import pytest
from libcache.assets import AssetPath
from libcache.schema import Visibility

from services.api.tests.process import RunningApi
from services.api.tests.shelf import Shelf

Make = Callable[..., str]
CONTENT = b"0123456789"


@pytest.fixture
def name(dataset: Make) -> str:
    return dataset(Visibility.PUBLIC)


@pytest.mark.parametrize(
    ("extension", "type_"),
    [
        ("jpg", "image/jpeg"),
        ("png", "image/png"),
        ("gif", "image/gif"),
        ("webp", "image/webp"),
        ("avif", "image/avif"),
        ("mp3", "audio/mpeg"),
        ("wav", "audio/wav"),
        ("ogg", "audio/ogg"),
        ("flac", "audio/flac"),
        ("m4a", "audio/mp4"),
        ("aac", "audio/aac"),
        ("weba", "audio/webm"),
        ("mp4", "video/mp4"),
        ("webm", "video/webm"),
        ("ogv", "video/ogg"),
        ("pdf", "application/pdf"),
        ("html", "application/octet-stream"),
        ("svg", "application/octet-stream"),
    ],
)
def test_a_file_is_served_as_what_it_is_and_can_do_no_harm(
    api: RunningApi, shelf: Shelf, name: str, extension: str, type_: str
) -> None:
    path = shelf.write_asset(shelf.observe(name), CONTENT, f"0123456789abcdef.{extension}")
    response = api.http.get(path)
    assert (response.status_code, response.content) == (200, CONTENT)
    assert response.headers["Content-Type"] == type_
    assert response.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Cache-Control"] == "max-age=120"


@pytest.mark.parametrize(
    ("given", "status", "content", "part"),
    [
        ("bytes=2-4", 206, b"234", "bytes 2-4/10"),
        ("bytes=7-", 206, b"789", "bytes 7-9/10"),
        ("bytes=-3", 206, b"789", "bytes 7-9/10"),
        ("bytes=5-100", 206, b"56789", "bytes 5-9/10"),
        ("bytes=10-", 416, b"", "bytes */10"),
        ("bytes=5-2", 200, CONTENT, None),
        ("bytes=0-1,4-5", 200, CONTENT, None),
        ("bytes=x", 200, CONTENT, None),
        ("bytes=-", 200, CONTENT, None),
        ("rows=1-2", 200, CONTENT, None),
        ("", 200, CONTENT, None),
    ],
)
def test_a_part_of_a_file_can_be_had(
    api: RunningApi, shelf: Shelf, name: str, given: str, status: int, content: bytes, part: str | None
) -> None:
    path = shelf.write_asset(shelf.observe(name), CONTENT, "0123456789abcdef.mp4")
    response = api.http.get(path, headers={"Range": given})
    assert (response.status_code, response.content) == (status, content)
    assert response.headers.get("Content-Range") == part


def test_what_is_not_public_is_kept_by_no_cache(api: RunningApi, shelf: Shelf, dataset: Make) -> None:
    name = dataset(Visibility.PRIVATE)
    _, path = shelf.fill(name, Visibility.PRIVATE)
    response = api.http.get(path, headers={"Authorization": "Bearer hf_me"})
    assert (response.status_code, response.headers["Cache-Control"]) == (200, "private, no-store")


def test_a_file_of_another_generation_is_gone(api: RunningApi, shelf: Shelf, name: str) -> None:
    record, path = shelf.fill(name)
    later = path.replace(f"/{record.generation}/", f"/{record.generation + 1}/")
    for gone in (later, path.replace("0123456789abcdef", "f" * 16)):
        response = api.http.get(gone)
        assert (response.status_code, response.headers["X-Error-Code"]) == (404, "ResponseNotFound")
    shelf.records.close(name)
    assert api.http.get(path).status_code == 404


def test_a_link_out_of_the_directory_is_not_followed(api: RunningApi, shelf: Shelf, name: str, tmp_path: Path) -> None:
    record = shelf.observe(name)
    (tmp_path / "secret").write_bytes(b"secret")
    there = shelf.assets.file(AssetPath(name, record.generation, record.fence, "0123456789abcdef.png"))
    there.parent.mkdir(parents=True)
    there.symlink_to(tmp_path / "secret")
    path = f"/assets/{name}/--/{record.generation}/{record.fence}/0123456789abcdef.png"
    assert api.http.get(path).status_code == 404
    there.unlink()
    there.mkdir()
    assert api.http.get(path).status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "me/x/--/1/2/0123456789abcdef.PNG",
        "me/x/--/1/2/../0123456789abcdef.png",
        "me/x/--/-1/2/0123456789abcdef.png",
        "me%2F..%2Fx/--/1/2/0123456789abcdef.png",
        "me/x/--/1/main/0123456789abcdef.png",
        "me/x/1/2/0123456789abcdef.png",
        "me/x/--/1/2/0123456789abcdef.png%00",
        ".staging/0123456789abcdef.png/0123456789abcdef.png",
    ],
)
def test_what_can_be_no_assets_path_is_not_found(api: RunningApi, path: str) -> None:
    response = api.http.get(f"/assets/{path}")
    assert (response.status_code, response.headers["X-Error-Code"]) == (404, "NotFound")
