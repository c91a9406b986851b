"""A request for what isn't there yet puts a job for it into the queue, once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest
from libcache.schema import Visibility
from libqueue.model import JobKey, Limits, Priority
from libqueue.queue import Queue

from services.api.tests.process import RunningApi
from services.api.tests.shelf import Shelf

Make = Callable[..., str]
PATHS = ("/splits", "/first-rows", "/rows")


@pytest.fixture
def name(dataset: Make) -> str:
    return dataset(Visibility.PUBLIC)


def ask(api: RunningApi, path: str, name: str) -> httpx2.Response:
    return api.http.get(path, params={"dataset": name, "config": "default", "split": "train"})


def assert_not_ready(response: httpx2.Response) -> None:
    assert (response.status_code, response.headers["X-Error-Code"]) == (503, "ResponseNotReady")
    assert int(response.headers["Retry-After"]) > 0
    assert response.headers["Cache-Control"] == "private, no-store"


@pytest.mark.parametrize("path", PATHS)
def test_the_first_request_for_a_dataset_queues_it(api: RunningApi, shelf: Shelf, name: str, path: str) -> None:
    response = ask(api, path, name)
    assert_not_ready(response)
    assert response.json()["state"] == "waiting"
    assert isinstance(response.json()["position"], int)
    job = shelf.job(JobKey("datasets", name))
    assert job is not None
    assert (job["status"], job["priority"]) == ("ready", 0)


def test_many_first_requests_at_once_queue_it_once(api: RunningApi, shelf: Shelf, name: str) -> None:
    with ThreadPoolExecutor(20) as pool:
        for response in pool.map(lambda number: ask(api, PATHS[number % 3], name), range(60)):
            assert_not_ready(response)
    (job,) = shelf.jobs.find({"dataset": name})
    assert (job["type"], job["status"], job["again"]) == ("datasets", "ready", False)


def test_asking_while_the_job_runs_does_not_make_it_run_again(api: RunningApi, shelf: Shelf, name: str) -> None:
    ask(api, "/splits", name)
    shelf.jobs.update_one({"_id": str(JobKey("datasets", name))}, {"$set": {"status": "running"}})
    response = ask(api, "/splits", name)
    assert_not_ready(response)
    assert (response.json()["state"], response.json()["position"]) == ("running", 0)
    job = shelf.job(JobKey("datasets", name))
    assert job is not None
    assert not job["again"]


def test_the_first_request_moves_a_job_forward_that_waits_already(api: RunningApi, shelf: Shelf, name: str) -> None:
    key = JobKey("datasets", name)
    Queue(shelf.jobs.database, Limits()).add(key, priority=Priority.LOW)
    before = shelf.job(key)
    ask(api, "/splits", name)
    asked = shelf.job(key)
    ask(api, "/splits", name)
    assert before is not None
    assert asked is not None
    assert (asked["priority"], asked["rank"] < before["rank"]) == (Priority.HIGH, True)
    assert shelf.job(key) == asked


@pytest.mark.parametrize("path", PATHS)
def test_a_job_that_is_moved_forward_still_comes_from_the_event_that_began_it(
    api: RunningApi, shelf: Shelf, name: str, path: str
) -> None:
    began = {"X-Request-Id": "the-event", "X-Webhook-Secret": "the webhook's secret"}
    api.http.post("/webhook", json={"update": f"datasets/{name}"}, headers=began).raise_for_status()
    assert_not_ready(ask(api, path, name))
    job = shelf.job(JobKey("datasets", name))
    assert job is not None
    assert (job["priority"], job["payload"]) == (Priority.HIGH, {"request_id": "the-event"})


def test_the_position_counts_the_jobs_ahead_in_the_namespace_to_a_hundred(
    api: RunningApi, shelf: Shelf, name: str
) -> None:
    ask(api, "/splits", name)
    before = ask(api, "/splits", name).json()["position"]
    queue = Queue(shelf.jobs.database, Limits())
    for number in range(3):
        queue.add(JobKey("datasets", f"me/later-{number}"))
    assert ask(api, "/splits", name).json()["position"] == before
    job = shelf.job(JobKey("datasets", name))
    assert job is not None
    ahead = [{**job, "_id": f"{name}-{number}", "dataset": "x"} for number in range(101)]
    shelf.jobs.update_one({"_id": job["_id"]}, {"$set": {"rank": job["rank"] + 3_600_000_000}})
    shelf.jobs.insert_many(ahead)
    assert ask(api, "/splits", name).json()["position"] is None
    shelf.jobs.delete_many({"dataset": "x"})


def test_asking_whether_an_unknown_dataset_is_valid_queues_it_and_does_not_wait(
    api: RunningApi, shelf: Shelf, name: str
) -> None:
    response = api.http.get("/is-valid", params={"dataset": name})
    assert (response.status_code, response.json()["preview"]) == (200, False)
    assert shelf.job(JobKey("datasets", name))


def test_a_listed_split_without_an_answer_is_queued(api: RunningApi, shelf: Shelf, name: str) -> None:
    shelf.list_splits(shelf.observe(name), {"default": ["train"]})
    for path in ("/first-rows", "/rows", "/first-rows"):
        assert_not_ready(ask(api, path, name))
    (job,) = shelf.jobs.find({"dataset": name})
    assert job["_id"] == str(JobKey("splits", name, "default", "train"))
    assert not job["again"]


@pytest.mark.parametrize("path", PATHS)
def test_a_dataset_that_is_known_but_not_listed_is_queued(api: RunningApi, shelf: Shelf, name: str, path: str) -> None:
    shelf.observe(name)
    assert_not_ready(ask(api, path, name))
    assert shelf.job(JobKey("datasets", name))


def test_a_good_answer_and_a_split_that_is_not_listed_queue_nothing(api: RunningApi, shelf: Shelf, name: str) -> None:
    shelf.fill(name)
    for path in PATHS:
        assert ask(api, path, name).status_code == 200
    parameters = {"dataset": name, "config": "default", "split": "nope"}
    assert api.http.get("/rows", params=parameters).status_code == 404
    assert shelf.jobs.count_documents({"dataset": name}) == 0


def test_a_job_says_which_request_or_event_it_comes_from(api: RunningApi, shelf: Shelf, dataset: Make) -> None:
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    asked, announced, untraced = (dataset(Visibility.PUBLIC) for _ in range(3))
    headers = {"X-Request-Id": "the-request", "Traceparent": trace, "X-Webhook-Secret": "the webhook's secret"}
    api.http.get("/splits", params={"dataset": asked}, headers=headers)
    api.http.post("/webhook", json={"update": f"datasets/{announced}"}, headers=headers)
    for name in (asked, announced):
        job = shelf.job(JobKey("datasets", name))
        assert job
        assert job["payload"] == {"request_id": "the-request", "traceparent": trace}
    for malformed in ("00-0-0-01", trace.replace("0af7651916cd43dd8448eb211c80319c", "0" * 32), "ff" + trace[2:]):
        answer = api.http.get("/splits", params={"dataset": untraced}, headers={"Traceparent": malformed})
        job = shelf.job(JobKey("datasets", untraced))
        assert job
        assert "traceparent" not in job["payload"]
        assert answer.status_code == 503
