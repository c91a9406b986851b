"""The webhook at its door: who may call, what is refused, and that a 202 means the writes are in."""

import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import orjson
import pytest
from hub.testing import eventually
from libcache.schema import Visibility
from libqueue.model import JobKey

from services.api.tests.process import RunningApi, running_api
from services.api.tests.shelf import Shelf

Make = Callable[..., str]
SIGNED = {"X-Webhook-Secret": "the webhook's secret"}
ME = {"Authorization": "Bearer hf_me"}


@pytest.fixture
def name(dataset: Make) -> str:
    return dataset(Visibility.PUBLIC)


def payload(name: str, action: str, scope: str = "repo", *, private: bool = False, **members: Any) -> dict[str, Any]:
    return {
        "event": {"action": action, "scope": scope},
        "repo": {"type": "dataset", "name": name, "private": private},
        "webhook": {"id": "2", "version": 3},
        **members,
    }


def send(api: RunningApi, body: object, headers: dict[str, str] = SIGNED) -> httpx2.Response:
    return api.http.post("/webhook", json=body, headers=headers)


def read(api: RunningApi, name: str, asset: str) -> list[int]:
    """The statuses of everything there is of a dataset, for its owner."""
    names = {"dataset": name, "config": "default", "split": "train"}
    doors = [api.http.get(path, params=names, headers=ME) for path in ("/splits", "/first-rows", "/rows")]
    return [door.status_code for door in [*doors, api.http.get(asset, headers=ME)]]


def code_of(response: httpx2.Response) -> tuple[int, str]:
    assert isinstance(response.json()["error"], str)
    return response.status_code, response.headers["X-Error-Code"]


def test_an_event_is_accepted_when_its_job_is_in_the_queue(api: RunningApi, shelf: Shelf, name: str) -> None:
    for body in (payload(name, "update", "repo.content"), {"event": "add", "repo": {"type": "dataset", "name": name}}):
        response = send(api, body)
        assert (response.status_code, response.json()) == (202, {"status": "ok"})
        (job,) = shelf.jobs.find({"dataset": name})
        assert (job["_id"], job["priority"], job["status"]) == (str(JobKey("datasets", name)), 1, "ready")
        shelf.jobs.delete_one({"_id": job["_id"]})
    assert send(api, {"update": f"datasets/{name}"}).status_code == 202
    assert shelf.job(JobKey("datasets", name))


def test_an_event_makes_the_answers_stale_and_takes_none_away(api: RunningApi, shelf: Shelf, name: str) -> None:
    _, asset = shelf.fill(name)
    send(api, payload(name, "update", "repo.content"))
    assert read(api, name, asset) == [200, 200, 200, 200]
    assert api.http.get("/splits", params={"dataset": name}).headers["X-Cache"] == "stale"


@pytest.mark.parametrize(
    "closing",
    [
        {"event": {"action": "delete", "scope": "repo"}},
        {"event": {"action": "move", "scope": "repo"}, "movedTo": {"name": "me/moved-to"}},
        {"event": {"action": "update", "scope": "repo.config"}, "updatedConfig": {"private": True}},
        {"event": {"action": "update", "scope": "repo.config"}, "updatedConfig": {"disabled": True}},
        {"event": "remove", "scope": "repo"},
        {"event": "move", "scope": "repo", "movedTo": "me/moved-to"},
    ],
)
def test_what_closes_takes_answers_and_assets_away_at_once(
    api: RunningApi, shelf: Shelf, name: str, closing: dict[str, Any]
) -> None:
    _, asset = shelf.fill(name)
    assert read(api, name, asset) == [200, 200, 200, 200]
    assert send(api, {**payload(name, "update"), **closing}).status_code == 202
    eventually(lambda: read(api, name, asset) == [503, 503, 503, 403])
    eventually(lambda: name not in api.http.get("/valid").json()["valid"])
    assert shelf.job(JobKey("datasets", name))
    if "movedTo" in closing:
        assert shelf.job(JobKey("datasets", "me/moved-to"))


def test_what_is_known_to_be_private_stays_open_to_its_readers(api: RunningApi, shelf: Shelf, name: str) -> None:
    record = shelf.observe(name, Visibility.PRIVATE)
    shelf.list_splits(record, {"default": ["train"]})
    shelf.write_pictures(record)
    names = {"dataset": name, "config": "default", "split": "train"}
    asset = api.http.get("/first-rows", params=names, headers=ME).json()["rows"][0]["row"]["picture"]["src"]
    assert send(api, payload(name, "update", "repo.content", private=True)).status_code == 202
    assert read(api, name, asset) == [200, 200, 200, 200]


def test_without_an_auth_check_the_closed_is_gone_for_all(public_api: RunningApi, shelf: Shelf, name: str) -> None:
    _, asset = shelf.fill(name)
    assert send(public_api, payload(name, "update", private=True), {}).status_code == 202
    eventually(lambda: read(public_api, name, asset) == [404, 404, 404, 403])


def test_the_same_event_many_times_at_once_is_one_job(api: RunningApi, shelf: Shelf, name: str) -> None:
    shelf.fill(name)
    with ThreadPoolExecutor(10) as pool:
        sent = list(pool.map(lambda _: send(api, payload(name, "update")).status_code, range(30)))
    assert sent == [202] * 30
    assert shelf.jobs.count_documents({"dataset": name}) == 1


def test_a_known_form_of_no_interest_is_accepted_and_queues_nothing(api: RunningApi, shelf: Shelf, name: str) -> None:
    other_branch = [{"ref": "refs/pr/1", "oldSha": None, "newSha": "c" * 40}]
    for body in (
        payload(name, "create", "discussion"),
        payload(name, "update", "repo.content", updatedRefs=other_branch),
        {**payload(name, "update"), "repo": {"type": "model", "name": name}},
        {"add": name},
    ):
        assert send(api, body).status_code == 202
    assert shelf.job(JobKey("datasets", name)) is None


@pytest.mark.parametrize("given", ["", "the webhook's secre", "the webhook's secret!", "THE WEBHOOK'S SECRET", "é"])
def test_a_wrong_secret_is_refused(api: RunningApi, shelf: Shelf, name: str, given: str) -> None:
    body = orjson.dumps(payload(name, "delete"))
    response = api.http.post("/webhook", content=body, headers={b"X-Webhook-Secret": given.encode()})
    assert code_of(response) == (401, "WebhookSecretError")
    assert shelf.job(JobKey("datasets", name)) is None


def test_while_the_secret_is_changed_the_one_before_is_good_too(environment: dict[str, str], dataset: Make) -> None:
    name, before, after = dataset(Visibility.PUBLIC), SIGNED["X-Webhook-Secret"], "the next one"
    with running_api({**environment, "HF_WEBHOOK_SECRET": after, "HF_WEBHOOK_PREVIOUS_SECRET": before}) as api:
        for secret, status in ((before, 202), (after, 202), ("neither", 401), ("", 401)):
            assert send(api, payload(name, "update"), {"X-Webhook-Secret": secret}).status_code == status
    with running_api({**environment, "HF_WEBHOOK_SECRET": after}) as api:
        assert send(api, payload(name, "update"), {"X-Webhook-Secret": before}).status_code == 401


def test_only_the_header_counts_as_the_secret(api: RunningApi, name: str) -> None:
    secret = SIGNED["X-Webhook-Secret"]
    response = api.http.post("/webhook", params={"secret": secret}, json={**payload(name, "update"), "secret": secret})
    assert code_of(response) == (401, "WebhookSecretError")
    assert secret not in api.log


def test_without_a_secret_anybody_may_announce_and_the_log_warns(public_api: RunningApi, name: str) -> None:
    assert send(public_api, payload(name, "update"), {}).status_code == 202
    assert send(public_api, payload(name, "update"), {"X-Webhook-Secret": "any"}).status_code == 202
    assert "HF_WEBHOOK_SECRET is not set" in public_api.log


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"\xff\xfe",
        b"{",
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"null",
        b"[]",
        b'"update"',
        b"{}",
        b'{"event": 1e999}',
        b'{"event": "update", "repo": {"type": "dataset", "name": "\\ud800"}}',
        b'{"event": "update", "repo": {"type": "dataset", "name": "../x"}}',
        b'{"event": "update", "repo": {"type": "dataset", "name": "a/b\\u0000"}}',
        b'{"add": "datasets/' + b"x" * 200 + b'"}',
        orjson.dumps({**payload("acme/csv", "update"), "updatedRefs": {}}),
    ],
)
def test_what_has_none_of_the_known_forms_is_refused(api: RunningApi, body: bytes) -> None:
    assert code_of(api.http.post("/webhook", content=body, headers=SIGNED)) == (400, "InvalidPayload")


def test_a_body_of_a_megabyte_is_read_and_one_byte_more_is_refused(api: RunningApi, shelf: Shelf, name: str) -> None:
    body = orjson.dumps(payload(name, "update"))
    padded = body + b" " * (1_000_000 - len(body))
    assert api.http.post("/webhook", content=padded, headers=SIGNED).status_code == 202
    assert code_of(api.http.post("/webhook", content=padded + b" ", headers=SIGNED)) == (413, "PayloadTooLarge")


def test_a_body_without_a_length_is_read_to_its_limit_and_no_further(api: RunningApi, name: str) -> None:
    def chunks(count: int) -> Iterator[bytes]:
        yield orjson.dumps(payload(name, "update"))
        for _ in range(count):
            yield b" " * 10_000

    assert api.http.post("/webhook", content=chunks(50), headers=SIGNED).status_code == 202
    assert code_of(api.http.post("/webhook", content=chunks(101), headers=SIGNED)) == (413, "PayloadTooLarge")


def test_an_endless_body_is_cut_off(api: RunningApi) -> None:
    with socket.create_connection(("127.0.0.1", api.port), timeout=10) as connection:
        head = f"POST /webhook HTTP/1.1\r\nHost: x\r\nX-Webhook-Secret: {SIGNED['X-Webhook-Secret']}\r\n"
        connection.sendall(head.encode() + b"Transfer-Encoding: chunked\r\n\r\n")
        chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
        with pytest.raises(ConnectionError):
            connection.sendall(chunk * 300)


def test_a_body_that_is_promised_too_long_is_refused_before_it_comes(api: RunningApi) -> None:
    with socket.create_connection(("127.0.0.1", api.port), timeout=10) as connection:
        head = f"POST /webhook HTTP/1.1\r\nHost: x\r\nX-Webhook-Secret: {SIGNED['X-Webhook-Secret']}\r\n"
        connection.sendall(head.encode() + b"Content-Length: 1000001\r\n\r\n")
        assert connection.recv(1_000).startswith(b"HTTP/1.1 413")


def test_a_sender_that_leaves_in_the_middle_harms_nobody(api: RunningApi, name: str) -> None:
    before = len(api.log)
    for _ in range(3):
        with socket.create_connection(("127.0.0.1", api.port), timeout=10) as connection:
            head = f"POST /webhook HTTP/1.1\r\nHost: x\r\nX-Webhook-Secret: {SIGNED['X-Webhook-Secret']}\r\n"
            head += "X-Request-Id: one-that-left\r\n"
            connection.sendall(head.encode() + b'Content-Length: 100\r\n\r\n{"event')
    eventually(lambda: api.log.count('"request_id":"one-that-left"') == 3)
    assert send(api, payload(name, "update")).status_code == 202
    assert "Traceback" not in api.log[before:]
