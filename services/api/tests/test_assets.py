"""The media files that the workers wrote, to a directory and to a bucket."""

import hmac
import random
import re
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from email.utils import parsedate_to_datetime

import httpx2
import pytest
from hub.testing import RunningHub
from libcache.records import Record
from libcache.schema import Visibility

from libs.libcache.tests.places import InBucket, InDirectory, Place
from services.api.tests.conftest import opened_shelf
from services.api.tests.process import RunningApi, running_api
from services.api.tests.shelf import PICTURE, Shelf

Make = Callable[..., str]
CONTENT = b"0123456789"
ME = {"Authorization": "Bearer hf_me"}


@pytest.fixture(scope="module", params=["directory", "bucket"])
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Place:
    if request.param == "directory":
        return InDirectory(tmp_path_factory.mktemp("assets"))
    return InBucket(request.getfixturevalue("s3"), "api")


@pytest.fixture(scope="module")
def own_prefix(prefix: str, place: Place) -> str:
    return f"{prefix}_{type(place).__name__}"


@pytest.fixture(scope="module")
def own_environment(environment: dict[str, str], own_prefix: str, place: Place) -> dict[str, str]:
    """The same, but for where the files are, and for databases of their own."""
    databases = {"MONGO_QUEUE_DATABASE": f"{own_prefix}_queue", "MONGO_CACHE_DATABASE": f"{own_prefix}_cache"}
    return {**environment, **databases, **place.settings}


@pytest.fixture(scope="module")
def api(own_environment: dict[str, str]) -> Iterator[RunningApi]:
    with running_api(own_environment) as running:
        yield running


@pytest.fixture(scope="module")
def shelf(mongo_url: str, own_prefix: str, place: Place) -> Iterator[Shelf]:
    with opened_shelf(mongo_url, own_prefix, place.assets) as shelf:
        yield shelf


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


def test_a_public_file_is_sent_once_to_who_remembers_its_tag(api: RunningApi, shelf: Shelf, name: str) -> None:
    path = shelf.write_asset(shelf.observe(name), CONTENT, "0123456789abcdef.png")
    tag = api.http.get(path).headers["ETag"]
    for known in (tag, f'"other", {tag}', "*", f"W/{tag}"):
        response = api.http.get(path, headers={"If-None-Match": known})
        assert (response.status_code, response.content, response.headers["ETag"]) == (304, b"", tag)
        assert response.headers["Cache-Control"] == "max-age=120"
    assert api.http.get(path, headers={"If-None-Match": '"other"'}).status_code == 200
    part = api.http.get(path, headers={"Range": "bytes=0-1", "If-Range": tag})
    assert (part.status_code, part.content) == (206, b"01")
    whole = api.http.get(path, headers={"Range": "bytes=0-1", "If-Range": '"other"'})
    assert (whole.status_code, whole.content) == (200, CONTENT)


def test_a_large_file_comes_whole_and_in_large_parts(api: RunningApi, shelf: Shelf, name: str) -> None:
    content = random.Random(1).randbytes(2_500_000)
    path = shelf.write_asset(shelf.observe(name), content, "0123456789abcdef.mp4")
    whole = api.http.get(path)
    assert whole.content == content
    assert whole.headers["Content-Length"] == str(len(content))
    assert whole.headers["Accept-Ranges"] == "bytes"
    assert parsedate_to_datetime(whole.headers["Last-Modified"]).year > 2000
    part = api.http.get(path, headers={"Range": "bytes=500000-2400000"})
    assert part.content == content[500_000:2_400_001]
    assert part.headers["Content-Length"] == str(len(part.content))
    head = api.http.head(path)
    assert (head.content, head.headers["Content-Length"]) == (b"", str(len(content)))


def test_a_file_that_is_gone_is_said_to_be(api: RunningApi, shelf: Shelf, name: str) -> None:
    record, path = shelf.fill(name)
    later = path.replace(f"/{record.generation}/", f"/{record.generation + 1}/")
    for gone in (later, path.replace("0123456789abcdef", "f" * 16)):
        response = api.http.get(gone)
        assert (response.status_code, response.headers["X-Error-Code"]) == (404, "ResponseNotFound")
    shelf.records.close(name)
    assert forbidden(api.http.get(path))


def forbidden(response: httpx2.Response) -> bool:
    assert response.headers["Cache-Control"] == "private, no-store"
    return (response.status_code, response.headers.get("X-Error-Code")) == (403, "AssetForbidden")


@pytest.fixture
def pictures(shelf: Shelf, dataset: Make) -> tuple[Record, list[str]]:
    """A private dataset with three pictures, and the paths of their URLs."""
    record = shelf.observe(dataset(Visibility.PRIVATE), Visibility.PRIVATE)
    shelf.list_splits(record, {"default": ["train"]})
    return record, shelf.write_pictures(record, 3)


def sources(api: RunningApi, record: Record, path: str = "/first-rows", **parameters: int) -> list[str]:
    """The URLs of the pictures in an answer for the owner."""
    names: dict[str, str | int] = {"dataset": record.dataset, "config": "default", "split": "train", **parameters}
    answer = api.http.get(path, params=names, headers=ME).raise_for_status()
    assert "ETag" not in answer.headers
    return [row["row"]["picture"]["src"] for row in answer.json()["rows"]]


def test_the_urls_of_an_answer_that_is_not_public_are_signed_and_open_to_who_has_them(
    api: RunningApi, shelf: Shelf, pictures: tuple[Record, list[str]]
) -> None:
    record, paths = pictures
    answers = [sources(api, record), sources(api, record, "/rows"), sources(api, record, "/rows", offset=1, length=2)]
    for urls, expected in zip(answers, (paths, paths, paths[1:]), strict=True):
        assert [url.split("?")[0] for url in urls] == expected
        for url in urls:
            opened = api.http.get(url)
            assert (opened.status_code, opened.content) == (200, PICTURE)
            assert opened.headers["Cache-Control"] == "private, no-store"
            assert "ETag" not in opened.headers
            assert api.http.get(url, headers={"Range": "bytes=0-2"}).content == PICTURE[:3]


def test_the_urls_of_a_public_answer_are_not_signed(api: RunningApi, shelf: Shelf, name: str) -> None:
    record = shelf.observe(name)
    shelf.list_splits(record, {"default": ["train"]})
    paths = shelf.write_pictures(record, 2)
    answer = api.http.get("/first-rows", params={"dataset": name, "config": "default", "split": "train"})
    assert [row["row"]["picture"]["src"] for row in answer.json()["rows"]] == paths
    assert [api.http.get(path).status_code for path in paths] == [200, 200]


@pytest.mark.parametrize(
    "altered",
    [
        lambda url: url.split("?")[0],
        lambda url: url.split("&")[0],
        lambda url: url[:-1] + ("A" if url[-1] != "A" else "B"),
        lambda url: url.replace("0000.png", "0001.png"),
        lambda url: re.sub(r"expires=(\d+)", lambda found: f"expires={int(found[1]) + 1}", url),
        lambda url: re.sub(r"expires=\d+", "expires=99999999999", url),
        lambda url: url.replace("expires=", "expires=%2B"),
    ],
)
def test_a_url_that_was_altered_opens_nothing_even_for_the_owner(
    api: RunningApi, pictures: tuple[Record, list[str]], altered: Callable[[str], str]
) -> None:
    url, *_ = sources(api, pictures[0])
    assert api.http.get(url).status_code == 200
    assert forbidden(api.http.get(altered(url)))
    assert forbidden(api.http.get(altered(url), headers=ME))


def test_a_signature_ends(own_environment: dict[str, str], shelf: Shelf, pictures: tuple[Record, list[str]]) -> None:
    key = b"of these tests only and long enough"
    with running_api({**own_environment, "ASSETS_SIGNATURE_SECONDS": "60"}) as api:
        url, *_ = sources(api, pictures[0])
        expires = int(re.findall(r"expires=(\d+)", url)[0])
        assert 0 < expires - time.time() <= 61
        path = pictures[1][0]
        for at, opens in (
            (int(time.time()) + 30, True),
            (int(time.time()) - 1, False),
            (int(time.time()) + 200, False),
        ):
            digest = hmac.digest(key, f"{path}\n{at}".encode(), "sha256")
            signed = f"{path}?expires={at}&signature={urlsafe_b64encode(digest).decode().rstrip('=')}"
            assert (api.http.get(signed).status_code == 200) is opens


def test_keys_can_be_changed_while_urls_are_out(
    own_environment: dict[str, str], api: RunningApi, pictures: tuple[Record, list[str]]
) -> None:
    old, *_ = sources(api, pictures[0])
    keys = f"{'n' * 32},{own_environment['ASSETS_SIGNING_KEYS']}"
    with running_api({**own_environment, "ASSETS_SIGNING_KEYS": "n" * 32}) as new_only:
        assert forbidden(new_only.http.get(old))
        new, *_ = sources(new_only, pictures[0])
    with running_api({**own_environment, "ASSETS_SIGNING_KEYS": keys}) as both:
        assert [both.http.get(url).status_code for url in (new, old)] == [200, 200]


def test_a_player_that_goes_on_where_it_stopped_gets_the_rest(
    api: RunningApi, pictures: tuple[Record, list[str]]
) -> None:
    url, *_ = sources(api, pictures[0])
    for condition in ('"other"', "Sat, 01 Jan 2000 00:00:00 GMT"):
        whole = api.http.get(url, headers={"Range": "bytes=0-1", "If-Range": condition})
        assert (whole.status_code, whole.content) == (200, PICTURE)
    behind = api.http.get(url, headers={"Range": "bytes=999-"})
    assert (behind.status_code, behind.headers["Content-Range"]) == (416, f"bytes */{len(PICTURE)}")
    assert behind.headers["Cache-Control"] == "private, no-store"
    head = api.http.head(url, headers={"Range": "bytes=0-1"})
    assert (head.status_code, head.headers["Content-Length"]) == (200, str(len(PICTURE)))


def test_a_namespace_may_be_called_as_the_path_of_assets_is(
    api: RunningApi, shelf: Shelf, hub: RunningHub, place: Place
) -> None:
    name = f"assets/{type(place).__name__}"
    created = {"name": name, "type": "dataset", "private": True}
    hub.http.post("/api/repos/create", json=created, headers=ME).raise_for_status()
    record = shelf.observe(name, Visibility.PRIVATE)
    shelf.list_splits(record, {"default": ["train"]})
    shelf.write_pictures(record)
    url, *_ = sources(api, record)
    assert api.http.get(url).status_code == 200
    assert forbidden(api.http.get(url.replace("/assets/assets/", "/assets/")))


def test_a_signature_opens_nothing_that_was_closed(
    api: RunningApi, shelf: Shelf, pictures: tuple[Record, list[str]]
) -> None:
    url, *_ = sources(api, pictures[0])
    shelf.records.close(pictures[0].dataset)
    assert api.http.get(url).status_code == 404


def test_what_is_not_there_looks_like_what_may_not_be_seen(api: RunningApi, pictures: tuple[Record, list[str]]) -> None:
    record, (path, *_) = pictures
    missing = path.replace(record.dataset, "me/there-is-none")
    there, not_there = api.http.get(path), api.http.get(missing)
    assert forbidden(there)
    assert forbidden(not_there)
    assert there.json() == not_there.json()


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
