"""How far a pass is, and who takes its next step: one document for any number of workers."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hub.testing import eventually
from pymongo.database import Database
from worker.asking import CHILD_SECONDS
from worker.passes import Passes, Step
from worker.reconciliation import Phase, plan_of
from worker.reconciliation_settings import ReconciliationSettings

SECONDS = 60
# The first pass begins an interval from the first look, at the latest.
AT_ONCE = plan_of(
    ReconciliationSettings.model_validate({"reconcile_interval_seconds": 0.1, "reconcile_page_seconds": 0})
)
SLOWLY = replace(AT_ONCE, step_seconds=50)
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


def state(database: Database[dict[str, Any]]) -> Any:
    """How far the pass is."""
    return database["passes"].find_one()


def test_a_worker_that_was_held_up_does_not_set_back_the_one_that_took_over(
    cache_database: Database[dict[str, Any]],
) -> None:
    def passes(owner: str) -> Passes:
        return Passes(cache_database, owner, replace(AT_ONCE, lease_seconds=0))

    def step(owner: str) -> Step | None:
        return taken if isinstance(taken := passes(owner).take(), Step) else None

    held_up = eventually(lambda: step("first"), SECONDS)
    later = eventually(lambda: step("second"), SECONDS)
    assert held_up is not None
    assert later is not None
    passes("second").advance(later, Phase.CATALOGUE, "acme/b")
    passes("first").advance(held_up, Phase.CATALOGUE, "acme/a")
    passes("first").finish(held_up)
    assert (state(cache_database)["cursor"], state(cache_database)["finished_at"]) == ("acme/b", None)


def test_while_a_lease_holds_nobody_else_takes_a_step(cache_database: Database[dict[str, Any]]) -> None:
    leader, other = (Passes(cache_database, owner, AT_ONCE) for owner in ("leader", "other"))
    eventually(lambda: isinstance(leader.take(), Step), SECONDS)
    assert not isinstance(other.take(), Step)
    assert isinstance(leader.take(), Step)


def test_the_next_page_waits_whoever_is_to_take_it(cache_database: Database[dict[str, Any]]) -> None:
    first, second = (Passes(cache_database, owner, replace(SLOWLY, lease_seconds=0)) for owner in ("first", "second"))
    step = eventually(lambda: taken if isinstance(taken := first.take(), Step) else None, SECONDS)
    assert step is not None
    first.advance(step, Phase.CATALOGUE, "acme/a")
    for passes in (first, second):
        wait = passes.take()
        assert not isinstance(wait, Step)
        assert wait > 0


def test_a_pass_that_only_fails_begins_anew_in_the_end(cache_database: Database[dict[str, Any]]) -> None:
    passes = Passes(cache_database, "me", AT_ONCE)

    def next_step() -> Step:
        cache_database["passes"].update_one({}, {"$set": {"not_before": LONG_AGO}})
        step = eventually(lambda: taken if isinstance(taken := passes.take(), Step) else None, SECONDS)
        assert step is not None
        return step

    passes.advance(next_step(), Phase.CATALOGUE, "bad")
    for _ in range(20):
        step = next_step()
        assert step.cursor == "bad"
        passes.fail(step, None)
    assert next_step().cursor is None


@pytest.mark.parametrize("retry_after", [None, 0.0])
def test_after_a_failure_there_is_a_pause_even_where_the_hub_asks_for_none(
    cache_database: Database[dict[str, Any]], retry_after: float | None
) -> None:
    passes = Passes(cache_database, "me", AT_ONCE)
    step = eventually(lambda: taken if isinstance(taken := passes.take(), Step) else None, SECONDS)
    assert step is not None
    passes.fail(step, retry_after)
    assert state(cache_database)["not_before"] - state(cache_database)["started_at"] >= timedelta(seconds=1)


def test_a_lease_is_longer_than_what_a_step_may_wait_for_the_hub(cache_database: Database[dict[str, Any]]) -> None:
    passes = Passes(cache_database, "me", AT_ONCE)
    eventually(lambda: isinstance(passes.take(), Step), SECONDS)
    lease = state(cache_database)["lease_expires_at"] - state(cache_database)["started_at"]
    assert lease >= timedelta(seconds=2 * CHILD_SECONDS)
