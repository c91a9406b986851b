"""A plan is found as long as the dataset's content is the one that it was made of."""

import dataclasses
from typing import Any

import pytest
from libcache.plans import Plans
from libcache.records import Record, Records
from libcache.schema import Visibility
from pymongo.database import Database

DATASET = "acme/csv"
FILES = {"a.csv": 3, "b.csv": 4}


def nothing() -> None:
    pass


@pytest.fixture
def plans(cache_database: Database[dict[str, Any]]) -> Plans:
    return Plans(cache_database)


@pytest.fixture
def records(cache_database: Database[dict[str, Any]]) -> Records:
    return Records(cache_database)


def listed(records: Records, revision: str, signature: str | None) -> Record:
    """The record under which a listing that found this content writes."""
    records.announce(DATASET)
    record = records.observe(records.raise_fence(DATASET), Visibility.PUBLIC, revision * 40, signature)
    assert record is not None
    return record


def test_what_a_listing_wrote_is_read_for_each_config(plans: Plans, records: Records) -> None:
    record = listed(records, "1", "s")
    many = {f"config {number}": {"number": number} for number in range(250)}
    plans.write(record, FILES, many, between=nothing)
    assert plans.read(record, "config 249") == (FILES, {"number": 249})
    assert plans.read(record, "another") is None


def test_a_push_that_changes_the_content_hides_it_and_one_that_does_not_keeps_it(
    plans: Plans, records: Records
) -> None:
    plans.write(listed(records, "1", "s"), FILES, {"c": 1}, between=nothing)
    assert plans.read(listed(records, "2", "s"), "c") == (FILES, 1)
    assert plans.read(listed(records, "3", "t"), "c") is None


def test_of_content_that_is_not_known_nothing_is_kept(plans: Plans, records: Records) -> None:
    record = listed(records, "1", None)
    plans.write(record, FILES, {"c": 1}, between=nothing)
    assert plans.read(record, "c") is None


def test_a_dataset_that_was_closed_has_none_of_its_old_ones(plans: Plans, records: Records) -> None:
    plans.write(listed(records, "1", "s"), FILES, {"c": 1}, between=nothing)
    records.close(DATASET)
    assert plans.read(listed(records, "1", "s"), "c") is None


def test_an_earlier_listing_that_writes_late_changes_nothing(plans: Plans, records: Records) -> None:
    early = listed(records, "1", "s")
    late = listed(records, "2", "t")
    plans.write(late, FILES, {"c": "late"}, between=nothing)
    plans.write(early, {}, {"c": "early", "d": "early"}, between=nothing)
    assert plans.read(late, "c") == (FILES, "late")
    assert plans.read(late, "d") is None


def test_configs_that_are_gone_leave_nothing_behind(
    plans: Plans, records: Records, cache_database: Database[dict[str, Any]]
) -> None:
    plans.write(listed(records, "1", "s"), FILES, {"c": 1, "d": 2}, between=nothing)
    plans.write(listed(records, "2", "t"), FILES, {"c": 1}, between=nothing)
    assert {plan["config"] for plan in cache_database["plans"].find()} == {None, "c"}
    record = listed(records, "3", "u")
    plans.drop_before(dataclasses.replace(record, fence=record.fence + 1))
    assert list(cache_database["plans"].find()) == []
