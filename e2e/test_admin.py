"""What an operator does with a running system by its admin service, and what clients see of it."""

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from e2e.stack_process import OwnStack, eventually

pytestmark = pytest.mark.own_stack

PICTURES = "samples/captioned-shapes"
TABLE = "samples/bakery-sales"


def look(stack: OwnStack, path: str, **query: str) -> Any:
    """What a verb shows."""
    return stack.admin.get(f"/admin/{path}", params=query).raise_for_status().json()


def change(stack: OwnStack, path: str, **parameters: Any) -> Any:
    """What a verb that changes something says; of long work, all its steps together."""
    total: dict[str, int] = {}
    while True:
        said = stack.admin.post(f"/admin/{path}", json=parameters).raise_for_status().json()
        if "done" not in said:
            return said
        for name, count in said["done"].items():
            total[name] = total.get(name, 0) + count
        if said["cursor"] is None:
            return total
        parameters["cursor"] = said["cursor"]


def is_idle(stack: OwnStack) -> bool:
    return not look(stack, "jobs/list")["jobs"]


def push(stack: OwnStack, dataset: str, *values: int) -> None:
    folder = stack.datasets / dataset
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "data.csv").write_text("\n".join(["n", *map(str, values), ""]))


@pytest.fixture
def dataset(stack: OwnStack, request: pytest.FixtureRequest) -> Iterator[str]:
    """A dataset that is served, with the rows 1 and 2."""
    name = f"operated/{request.node.name.replace('_', '-')[:60].strip('-')}"
    push(stack, name, 1, 2)
    eventually(lambda: stack.rows(name) == [{"n": 1}, {"n": 2}])
    yield name
    (stack.datasets / name / "data.csv").unlink()
    (stack.datasets / name).rmdir()
    eventually(lambda: stack.first_rows(name).status_code in (401, 404))


def test_whoever_has_no_token_sees_nothing(stack: OwnStack) -> None:
    with httpx2.Client(base_url=stack.admin.base_url, trust_env=False) as stranger:
        assert stranger.get("/admin/overview").status_code == 401
        assert stranger.get("/ready").status_code == 200


def test_a_blocked_dataset_is_served_to_nobody_until_it_is_unblocked(stack: OwnStack, dataset: str) -> None:
    change(stack, "datasets/block", dataset=dataset)
    for token in (None, "hf_me"):
        eventually(lambda token=token: stack.first_rows(dataset, token=token).status_code == 403, 5)  # type: ignore[misc]
        for path in ("/splits", "/first-rows", "/rows"):
            answer = stack.get(path, token, dataset=dataset, config="default", split="train")
            assert (answer.status_code, answer.headers["X-Error-Code"]) == (403, "DatasetBlockedError")
    assert stack.get("/is-valid", dataset=dataset).json()["preview"] is False
    eventually(lambda: dataset not in stack.get("/valid").json()["valid"], 5)

    push(stack, dataset, 3)
    eventually(lambda: look(stack, "datasets/show", dataset=dataset)["record"]["events"] > 0)
    eventually(lambda: is_idle(stack))
    assert stack.first_rows(dataset).status_code == 403
    assert [each["dataset"] for each in look(stack, "datasets/blocked")["datasets"]] == [dataset]

    change(stack, "datasets/unblock", dataset=dataset)
    eventually(lambda: stack.rows(dataset) == [{"n": 3}])


def picture(stack: OwnStack) -> httpx2.URL | None:
    """The URL of the first picture of the sample, if that is served."""
    rows = stack.rows(PICTURES)
    url = httpx2.URL(rows[0]["image"]["src"]) if rows else None
    return url if url is not None and stack.http.get(url).is_success else None


def test_media_of_a_blocked_dataset_are_gone_with_it(stack: OwnStack) -> None:
    url = eventually(lambda: picture(stack))
    assert url is not None
    change(stack, "datasets/block", dataset=PICTURES)
    assert stack.http.get(url).status_code == 404
    change(stack, "datasets/unblock", dataset=PICTURES)
    eventually(lambda: picture(stack))


def test_a_refreshed_dataset_is_computed_anew_and_served_meanwhile(stack: OwnStack, dataset: str) -> None:
    def written() -> list[str]:
        return [answer["written_at"] for answer in look(stack, "datasets/show", dataset=dataset)["answers"]]

    before = written()
    change(stack, "datasets/refresh", dataset=dataset)
    assert stack.first_rows(dataset).status_code == 200
    eventually(lambda: not set(before) & set(written()))
    eventually(lambda: stack.rows(dataset) == [{"n": 1}, {"n": 2}])


def test_answers_of_a_code_are_computed_anew(stack: OwnStack) -> None:
    wanted = {"code": "DataFilesNotFoundError"}

    def written() -> dict[str, str]:
        listed = look(stack, "answers/list", **wanted)["answers"]
        return {answer["dataset"]: answer["written_at"] for answer in listed}

    before = eventually(written)
    assert change(stack, "answers/refresh", **wanted)["queued"] == len(before)
    eventually(lambda: all(written().get(name, before[name]) != before[name] for name in before))


def test_a_dropped_dataset_is_read_from_the_start_when_it_is_asked_for(stack: OwnStack, dataset: str) -> None:
    before = look(stack, "datasets/show", dataset=dataset)
    change(stack, "datasets/drop", dataset=dataset)
    after = look(stack, "datasets/show", dataset=dataset)
    assert after["answers"] == []
    assert after["record"]["generation"] > before["record"]["generation"]
    eventually(lambda: stack.rows(dataset) == [{"n": 1}, {"n": 2}])


def test_what_is_paused_waits_and_goes_on_when_it_is_resumed(stack: OwnStack, dataset: str) -> None:
    paused = {"scope": "dataset", "name": dataset}
    change(stack, "jobs/pause", **paused)
    job = {"type": "datasets", "dataset": dataset}

    def states() -> list[str]:
        return [each["status"] for each in look(stack, "jobs/list", **job)["jobs"]]

    def waits() -> bool:
        # Until the workers know of the pause, they run it.
        change(stack, "datasets/refresh", dataset=dataset)
        eventually(lambda: states() in ([], ["parked"]))
        return states() == ["parked"]

    try:
        eventually(waits)
        assert look(stack, "jobs/show", **job)["view"]["paused_by"][0]["name"] == dataset
    finally:
        change(stack, "jobs/resume", **paused)
    eventually(lambda: look(stack, "jobs/list", dataset=dataset)["jobs"] == [])
    eventually(lambda: "X-Cache" not in stack.first_rows(dataset).headers)


def test_jobs_that_wait_can_be_cancelled_one_by_one_and_all_together(stack: OwnStack) -> None:
    change(stack, "jobs/pause", scope="namespace", name="nowhere")
    try:
        for number in range(3):
            change(stack, "datasets/refresh", dataset=f"nowhere/{number}")
        change(stack, "jobs/cancel", type="datasets", dataset="nowhere/0")
        assert change(stack, "jobs/requeue-many", namespace="nowhere") == {"queued": 2, "cancelled": 0}
        assert change(stack, "jobs/cancel-many", namespace="nowhere") == {"cancelled": 2}
        assert look(stack, "jobs/list", namespace="nowhere")["jobs"] == []
    finally:
        change(stack, "jobs/resume", scope="namespace", name="nowhere")


def test_the_hubs_list_is_queued_to_warm_the_cache(stack: OwnStack) -> None:
    warmed = change(stack, "datasets/warm", namespace="samples", known=True)
    assert warmed["queued"] == warmed["listed"] > 5
    eventually(lambda: is_idle(stack))


def test_media_that_are_lost_are_found_and_made_again(stack: OwnStack) -> None:
    url = eventually(lambda: picture(stack))
    assert url is not None
    path = url.path.removeprefix("/assets/")
    (stack.directory / "assets" / path).unlink()
    report = look(stack, "assets/report")
    assert [broken["missing"] for broken in report["broken_answers"] if broken["dataset"] == PICTURES] == [[path]]
    assert change(stack, "assets/repair")["queued_again"] == 1
    eventually(lambda: picture(stack))
    swept = change(stack, "assets/sweep")
    assert swept["files_still_there"] == look(stack, "assets/report")["states"]["named"]["files"] + sum(
        look(stack, "assets/report")["states"][state]["files"] for state in ("kept", "to_remove")
    )


def test_dead_jobs_can_be_listed_replayed_and_dropped(stack: OwnStack) -> None:
    # None dies in a system that is well: how those that did are replayed is tested beside the code.
    assert look(stack, "dead/list")["dead"] == []
    assert change(stack, "dead/replay", all=True) == {"queued_again": 0}
    assert change(stack, "dead/drop", all=True) == {"dropped": 0}


def test_the_metrics_and_the_overview_count_what_is_served(stack: OwnStack) -> None:
    eventually(lambda: stack.rows(TABLE))
    overview = look(stack, "overview")
    assert overview["datasets"]["public"] > 5
    assert {each["name"] for each in overview["passes"]} == {"assets", "reconciliation"}
    text = stack.admin.get("/metrics").text
    assert 'cache_datasets{visibility="public"}' in text
    assert "admin_mongo_up 1.0" in text


def test_all_changes_are_in_the_audit(stack: OwnStack) -> None:
    change(stack, "datasets/block", dataset="acme/cities")
    change(stack, "datasets/unblock", dataset="acme/cities")
    changes = look(stack, "audit/list", dataset="acme/cities")["changes"]
    assert [(each["verb"], each["who"], each["outcome"]) for each in changes] == [
        ("datasets unblock", "token", "done"),
        ("datasets block", "token", "done"),
    ]
