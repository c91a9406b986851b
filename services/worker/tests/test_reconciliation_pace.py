"""How fast a pass goes, when the next one begins, and how workers share it."""

import signal
from datetime import timedelta

from hub.testing import eventually
from libqueue.model import JobKey

from services.worker.tests.comparing import (
    SECONDS,
    Lead,
    Start,
    complete,
    count_requests,
    finished,
    is_over,
    put,
    queued,
    requests,
    state,
    take_turns,
)
from services.worker.tests.station import Station


def test_two_workers_do_the_work_of_one(station: Station, start_reconciler: Start) -> None:
    put(station, *(f"acme/{number}" for number in range(8)))
    count_requests(station)
    for _ in range(2):
        start_reconciler(RECONCILE_PAGE_LENGTH=1)
    eventually(lambda: is_over(station), SECONDS)
    assert requests(station) == 8
    assert len(queued(station)) == 8


def test_another_worker_goes_on_where_a_killed_one_was(
    station: Station, start_reconciler: Start, lead_passes: Lead
) -> None:
    put(station, *(f"acme/{number}" for number in range(6)))
    count_requests(station)
    leader = start_reconciler(lease_seconds=3, RECONCILE_PAGE_LENGTH=1, RECONCILE_PAGE_SECONDS=0.5)
    eventually(lambda: (state(station).get("cursor") or "") >= "acme/2", SECONDS)
    leader.send_signal(signal.SIGKILL)
    leader.wait()
    complete(station, lead_passes(lease_seconds=3, reconcile_page_length=1))
    assert len(queued(station)) == 6
    # The page that the first one had in its hands is asked for again, if it had one.
    assert requests(station) in (6, 7)


def test_pages_are_no_closer_together_than_the_setting_says(station: Station, lead_passes: Lead) -> None:
    put(station, *(f"acme/{number}" for number in range(4)))
    complete(station, lead_passes(reconcile_page_length=1, reconcile_page_seconds=0.5))
    # Four pages of the list, and one of the records, of which there are none.
    assert is_over(station) - state(station)["started_at"] >= timedelta(seconds=4 * 0.5)


def test_known_datasets_are_asked_about_no_faster_than_the_setting_says(station: Station, lead_passes: Lead) -> None:
    datasets = [f"acme/{number}" for number in range(6)]
    revision = put(station, *datasets)
    for dataset in datasets:
        finished(station, dataset, revision)
    count_requests(station)
    take_turns(
        lead_passes(reconcile_scope="known", reconcile_page_length=4, reconcile_page_seconds=100),
        lambda: state(station).get("cursor"),
    )
    asked = requests(station)
    assert asked > 1
    assert state(station)["not_before"] - state(station)["started_at"] >= timedelta(seconds=100 * asked)


def test_nothing_is_added_to_a_queue_that_is_full(station: Station, lead_passes: Lead) -> None:
    put(station, "acme/csv")
    for number in range(3):
        station.queue.add(JobKey("splits", f"acme/{number}", "default", "train"))
    count_requests(station)
    take_turns(lead_passes(reconcile_max_jobs=2), lambda: state(station).get("version"))
    assert state(station)["not_before"] - state(station)["started_at"] >= timedelta(seconds=9)
    assert requests(station) == 0
    assert not queued(station)


def test_the_next_pass_begins_an_interval_after_the_end_of_the_last(station: Station, lead_passes: Lead) -> None:
    put(station, "acme/csv")
    turn = lead_passes(reconcile_interval_seconds=2)
    first = take_turns(turn, lambda: is_over(station))
    put(station, "acme/new")
    take_turns(turn, lambda: is_over(station) > first)
    assert state(station)["started_at"] >= first + timedelta(seconds=2)
    assert "acme/new" in queued(station)
