"""How bodies travel: compressed as the client likes, and not at all when it has them."""

import gzip
import re
from collections.abc import Callable

import httpx2
import pytest
from backports import zstd
from hub.testing import eventually
from libcache.records import Record
from libcache.schema import Visibility

from services.api.tests.process import RunningApi
from services.api.tests.shelf import Shelf

Make = Callable[..., str]
ADDRESSES = ("/splits", "/splits?config=default", "/first-rows", "/rows", "/rows?offset=3&length=5", "/is-valid")
DECODE: dict[str | None, Callable[[bytes], bytes]] = {"gzip": gzip.decompress, "zstd": zstd.decompress, None: bytes}


@pytest.fixture
def record(shelf: Shelf, dataset: Make) -> Record:
    """A dataset with a page that is worth compressing."""
    record = shelf.observe(dataset(Visibility.PUBLIC))
    shelf.list_splits(record, {"default": ["train"], "other": ["train"]})
    shelf.write_first_rows(record, "default", "train", [{"text": f"row {n} " * 20} for n in range(100)])
    return record


def get(api: RunningApi, record: Record, address: str, **headers: str) -> tuple[httpx2.Response, bytes]:
    """The answer at an address about the dataset, and its body as it came."""
    path, _, rest = address.partition("?")
    names = {"dataset": record.dataset, "config": "default", "split": "train"}
    if path == "/splits":
        del names["config"]
    query = "&".join([*(f"{name}={value}" for name, value in names.items()), *([rest] if rest else [])])
    sent = {"Accept-Encoding": "identity", **{name.replace("_", "-"): value for name, value in headers.items()}}
    with api.http.stream("GET", f"{path}?{query}", headers=sent) as response:
        return response, b"".join(response.iter_raw())


@pytest.mark.parametrize("address", ADDRESSES)
def test_every_coding_carries_the_same_body_and_has_a_tag_of_its_own(
    api: RunningApi, record: Record, address: str
) -> None:
    plain, body = get(api, record, address)
    tags = set()
    for accepted in ("identity", "gzip", "zstd", "zstd;q=0.5, gzip", "gzip;q=0.2, zstd;q=0.3", "br"):
        response, raw = get(api, record, address, Accept_Encoding=accepted)
        coding = response.headers.get("Content-Encoding")
        assert coding is None or coding in accepted
        assert DECODE[coding](raw) == body
        assert response.headers["Content-Length"] == str(len(raw))
        assert re.fullmatch(r'"[!#-~]+"', response.headers["ETag"])
        tags.add((coding, response.headers["ETag"]))
    assert len({tag for _, tag in tags}) == len({coding for coding, _ in tags}) == len(tags)
    assert plain.headers["Vary"] == "Accept-Encoding, Authorization, Cookie"


def test_what_is_large_is_compressed_for_all_who_accept_it(api: RunningApi, record: Record) -> None:
    for address in ("/first-rows", "/rows"):
        for accepted in ("gzip", "zstd"):
            response, raw = get(api, record, address, Accept_Encoding=accepted)
            assert response.headers["Content-Encoding"] == accepted
            assert len(raw) < 3_000


@pytest.mark.parametrize("address", ADDRESSES)
def test_who_has_an_answer_in_any_coding_is_told_so(api: RunningApi, record: Record, address: str) -> None:
    for coding in ("identity", "gzip", "zstd"):
        known, _ = get(api, record, address, Accept_Encoding=coding)
        tag = known.headers["ETag"]
        for condition in (tag, f"W/{tag}", f'"other", {tag}', "*"):
            for accepted in ("gzip", "identity"):
                response, raw = get(api, record, address, Accept_Encoding=accepted, If_None_Match=condition)
                assert (response.status_code, raw) == (304, b"")
                assert "Content-Type" not in response.headers
                for kept in ("Cache-Control", "Vary", "X-Revision", "Access-Control-Allow-Origin"):
                    assert response.headers.get(kept) == known.headers.get(kept)
                assert condition == "*" or response.headers["ETag"] == tag
        for condition in ('"other"', tag.strip('"'), "", '"'):
            assert get(api, record, address, If_None_Match=condition)[0].status_code == 200


def test_the_list_of_what_has_a_preview_is_sent_once_to_who_remembers_its_tag(api: RunningApi) -> None:
    def is_sent_once() -> bool:
        # It changes as other tests' datasets come.
        tag = api.http.get("/valid").headers["ETag"]
        return api.http.get("/valid", headers={"If-None-Match": tag}).status_code == 304

    eventually(is_sent_once)


def test_a_tag_of_one_answer_is_none_of_another(api: RunningApi, record: Record) -> None:
    tags = [get(api, record, address)[0].headers["ETag"] for address in ADDRESSES]
    assert len(set(tags)) == len(tags)


def test_a_new_answer_has_a_new_tag_and_an_equal_one_the_old(api: RunningApi, shelf: Shelf, record: Record) -> None:
    tag = get(api, record, "/first-rows")[0].headers["ETag"]
    again = shelf.observe(record.dataset)
    shelf.write_first_rows(again, "default", "train", [{"text": f"row {n} " * 20} for n in range(100)])
    assert get(api, record, "/first-rows?x=1", If_None_Match=tag)[0].status_code == 304
    shelf.write_first_rows(shelf.observe(record.dataset), "default", "train", [{"text": "new"}])
    eventually(lambda: get(api, record, "/first-rows", If_None_Match=tag)[0].status_code == 200)


def test_an_answer_with_other_headers_has_another_tag(api: RunningApi, shelf: Shelf, record: Record) -> None:
    # A cache that doesn't take the headers of a 304 over would go on to send the old ones.
    before = [get(api, record, address)[0] for address in ADDRESSES]
    shelf.records.announce(record.dataset)
    for address, known in zip(ADDRESSES, before, strict=True):
        stale, _ = get(
            api, record, f"{address}{'&' if '?' in address else '?'}x=1", If_None_Match=known.headers["ETag"]
        )
        assert (stale.status_code, stale.headers["X-Cache"]) == (200, "stale")


def test_errors_and_what_is_not_public_have_no_tag(api: RunningApi, shelf: Shelf, dataset: Make) -> None:
    private = shelf.observe(dataset(Visibility.PRIVATE), Visibility.PRIVATE)
    shelf.list_splits(private, {"default": ["train"]})
    shelf.write_first_rows(private, "default", "train", [{"n": 1}])
    for address in ADDRESSES:
        response, _ = get(api, private, address, Authorization="Bearer hf_me", If_None_Match="*")
        assert (response.status_code, response.headers.get("ETag")) == (200, None)
        assert response.headers["Cache-Control"] == "private, no-store"
        refused, _ = get(api, private, address, If_None_Match="*")
        assert (refused.status_code, refused.headers.get("ETag")) == (401, None)


def test_an_answer_that_is_kept_is_the_same_for_equal_requests_only(
    api: RunningApi, shelf: Shelf, record: Record
) -> None:
    first, body = get(api, record, "/first-rows", X_Request_Id="first")
    for number in range(5):
        again, same = get(api, record, "/first-rows", X_Request_Id=f"again-{number}")
        assert (same, again.headers["X-Request-Id"]) == (body, f"again-{number}")
    assert first.headers["X-Request-Id"] == "first"
    assert get(api, record, "/rows")[1] != body
    assert get(api, record, "/first-rows", Authorization="Bearer hf_nobodys")[0].status_code == 401
    assert get(api, record, "/first-rows", Cookie="token=hf_nobodys")[0].status_code == 401
    assert get(api, record, "/first-rows", X_Api_Key="hf.nobodys.jwt")[0].status_code == 401
    assert get(api, record, "/first-rows", Accept_Encoding="gzip")[1] != body
    # A second later it is read again.
    shelf.write_first_rows(shelf.observe(record.dataset), "default", "train", [{"text": "new"}])
    eventually(lambda: get(api, record, "/first-rows")[1] != body)


def test_problem_details_say_the_same_in_the_form_of_rfc_9457(api: RunningApi, record: Record) -> None:
    names = {"dataset": record.dataset, "config": "nope", "split": "train"}
    cases = [("/rows", names), ("/rows", {"dataset": "//"}), ("/nope", {}), ("/splits", {"dataset": "me/no-such"})]
    for path, parameters in cases:
        plain = api.http.get(path, params=parameters)
        problem = api.http.get(path, params=parameters, headers={"Accept": "application/problem+json"})
        assert problem.headers["Content-Type"] == "application/problem+json"
        assert plain.headers["Content-Type"] == "application/json"
        code = plain.headers["X-Error-Code"]
        assert problem.headers["X-Error-Code"] == code
        said = problem.json()
        assert (said["status"], said["code"], said["type"]) == (plain.status_code, code, f"/docs#{code}")
        assert said["detail"] == plain.json()["error"]
        assert said["title"]
        assert "error" not in said
        assert "Accept" in plain.headers["Vary"].split(", ")
    page = api.http.get("/docs").text
    assert f'id="{code}"' in page


def test_the_problem_details_of_a_stored_error_have_its_cause(api: RunningApi, shelf: Shelf, dataset: Make) -> None:
    name = dataset(Visibility.PUBLIC)
    shelf.fail_listing(shelf.observe(name))
    said = api.http.get("/splits", params={"dataset": name}, headers={"Accept": "application/problem+json"}).json()
    assert said["code"] == "StreamingRowsError"
    assert (said["cause_exception"], said["cause_message"]) == ("ValueError", "no rows")
    waiting = {"dataset": dataset(Visibility.PUBLIC)}
    said = api.http.get("/splits", params=waiting, headers={"Accept": "application/problem+json"}).json()
    assert (said["code"], said["state"], said["position"]) == ("ResponseNotReady", "waiting", said["position"])
