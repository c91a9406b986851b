"""What becomes of a pass while the Hub or Mongo is in trouble."""

import signal
from datetime import timedelta

import pytest
from hub.faults import Faults
from hub.testing import eventually
from pymongo.errors import PyMongoError

from services.worker.tests.comparing import (
    SECONDS,
    Lead,
    Start,
    complete,
    count_requests,
    failing_for,
    finished,
    is_over,
    put,
    queued,
    requests,
    state,
    take_turns,
)
from services.worker.tests.station import HangingHub, Station, processes_of


def test_a_hub_that_asks_to_slow_down_is_given_the_time_it_asks_for(station: Station, lead_passes: Lead) -> None:
    put(station, "acme/csv")
    station.hub.set_faults(Faults(too_many=1.0, retry_after=4))
    turn = lead_passes()
    take_turns(turn, lambda: state(station).get("failures"))
    station.hub.set_faults(Faults())
    refused = state(station)
    assert refused["not_before"] - refused["started_at"] >= timedelta(seconds=4)
    complete(station, turn)
    assert is_over(station) >= refused["not_before"]
    assert station.hub.injected["too_many"] == 1
    assert queued(station) == {"acme/csv"}


def test_a_hub_that_fails_is_asked_again(station: Station, lead_passes: Lead) -> None:
    put(station, "acme/csv")
    station.hub.set_faults(Faults(server_error=1.0))
    turn = lead_passes()
    take_turns(turn, lambda: state(station).get("failures"))
    station.hub.set_faults(Faults())
    complete(station, turn)
    assert queued(station) == {"acme/csv"}


def test_a_hub_that_describes_no_dataset_at_all_is_asked_again(station: Station, lead_passes: Lead) -> None:
    for number in range(3):
        finished(station, f"acme/{number}")
    station.hub.set_faults(Faults(server_error=1.0))
    turn = lead_passes(reconcile_scope="known")
    take_turns(turn, lambda: state(station).get("failures"))
    station.hub.set_faults(Faults())
    count_requests(station)
    complete(station, turn)
    assert requests(station) == 3


@pytest.mark.parametrize("page_length", [4, 20])
def test_datasets_that_the_hub_fails_to_describe_do_not_keep_a_pass_from_the_others(
    station: Station, lead_passes: Lead, page_length: int
) -> None:
    names = {f"acme/{number}" for number in range(8)}
    for name in names:
        finished(station, name, "1" * 40)
    in_order = [record.dataset for record in station.records.walk(0, 8)[0]]
    broken = {in_order[0], in_order[1], in_order[4], in_order[7]}
    with failing_for(*broken) as endpoint:
        complete(station, lead_passes(hf_endpoint=endpoint, reconcile_scope="known", reconcile_page_length=page_length))
    assert queued(station) == names - broken


def test_a_hub_that_takes_too_long_counts_as_one_that_fails(station: Station, lead_passes: Lead) -> None:
    put(station, "acme/csv")
    turn = lead_passes(child_seconds=0.5)
    with HangingHub(station):
        take_turns(turn, lambda: state(station).get("failures"))
    failed = state(station)
    assert failed["not_before"] - failed["started_at"] >= timedelta(seconds=1)
    complete(station, turn)
    assert queued(station) == {"acme/csv"}


def test_a_worker_that_is_to_stop_does_not_wait_for_the_hub(station: Station, start_reconciler: Start) -> None:
    leader = start_reconciler(DRAIN_SECONDS=60, RECONCILE_INTERVAL_SECONDS=1)
    eventually(lambda: state(station).get("not_before"), SECONDS)
    with HangingHub(station):
        # The zygote, and the child that asks.
        eventually(lambda: len(processes_of(leader)) == 2, SECONDS)
        leader.send_signal(signal.SIGTERM)
        assert leader.wait(5) == 0
    assert not state(station)["failures"]


def test_where_mongo_is_in_trouble_with_this_alone_the_worker_has_turns_without_it(
    station: Station, lead_passes: Lead
) -> None:
    station.cache_database.command("collMod", "passes", validator={"never": {"$exists": True}})
    turn = lead_passes()
    with pytest.raises(PyMongoError):
        turn()
    turn()
