"""Media files in a place that is in trouble, or holds what nobody put there for clients."""

import signal
from pathlib import Path

from libcache.schema import Visibility
from stack.s3 import BUCKET, running_s3

from libs.libcache.tests.places import InBucket, InDirectory
from services.api.tests.conftest import opened_shelf
from services.api.tests.process import running_api
from services.api.tests.test_assets import Make


def test_a_link_out_of_the_directory_is_not_followed(
    environment: dict[str, str], mongo_url: str, prefix: str, dataset: Make, tmp_path: Path
) -> None:
    place = InDirectory(tmp_path / "assets")
    (tmp_path / "secret").write_bytes(b"secret")
    with opened_shelf(mongo_url, prefix, place.assets) as shelf, running_api({**environment, **place.settings}) as api:
        path = shelf.write_asset(shelf.observe(dataset(Visibility.PUBLIC)), b"png", "0123456789abcdef.png")
        assert api.http.get(path).status_code == 200
        there = place.root / path.removeprefix("/assets/")
        there.unlink()
        there.symlink_to(tmp_path / "secret")
        assert api.http.get(path).status_code == 404
        there.unlink()
        there.mkdir()
        assert api.http.get(path).status_code == 404


def test_while_the_bucket_is_in_trouble_an_error_says_so_and_all_else_is_answered(
    environment: dict[str, str], mongo_url: str, prefix: str, dataset: Make
) -> None:
    with (
        running_s3() as s3,
        opened_shelf(mongo_url, prefix, InBucket(s3, "api").assets) as shelf,
        running_api({**environment, **s3.settings("api")}) as api,
    ):
        record = shelf.observe(dataset(Visibility.PUBLIC))
        shelf.list_splits(record, {"default": ["train"]})
        (path,) = shelf.write_pictures(record)
        rows = {"dataset": record.dataset, "config": "default", "split": "train"}
        assert api.http.get(path).status_code == api.http.get("/ready").status_code == 200

        def assert_trouble() -> None:
            assert api.http.get("/first-rows", params=rows).status_code == 200
            ready = api.http.get("/ready")
            assert (ready.status_code, ready.json()["mongo"]) == (200, "ok")
            assert ready.json()["assets"] != "ok"
            answer = api.http.get(path)
            assert (answer.status_code, answer.headers["X-Error-Code"]) == (503, "ServiceUnavailable")
            assert answer.headers["Retry-After"]
            for secret in ("of tests only", BUCKET, str(s3.port)):
                assert secret not in answer.text

        s3.process.send_signal(signal.SIGSTOP)
        assert_trouble()
        s3.process.send_signal(signal.SIGCONT)
        assert api.http.get(path).status_code == 200
        s3.process.kill()
        s3.process.wait()
        assert_trouble()
        assert 'api_failures_total{reason="assets"} 2.0' in api.http.get("/metrics").text


def test_an_api_that_has_never_reached_its_bucket_is_not_ready(environment: dict[str, str]) -> None:
    with running_s3() as s3, running_api({**environment, **s3.settings("api"), "ASSETS_STORAGE": "s3://none/x"}) as api:
        ready = api.http.get("/ready")
        assert (ready.status_code, ready.json()) == (503, {"mongo": "ok", "assets": "no readable bucket"})
