from typing import Any

import pytest
from libcache.records import Record, Records
from libcache.ring import place_of
from libcache.schema import Visibility
from pymongo.database import Database

DATASET = "acme/csv"
REVISION = "a" * 40


@pytest.fixture
def records(cache_database: Database[dict[str, Any]]) -> Records:
    return Records(cache_database)


def now(records: Records) -> Record:
    record = records.find(DATASET)
    assert record is not None
    return record


def observed(records: Records, visibility: Visibility) -> Record:
    record = records.observe(records.raise_fence(DATASET), visibility, REVISION)
    assert record is not None
    return record


def test_each_claim_gets_a_higher_fence(records: Records) -> None:
    fences = [records.raise_fence(DATASET).fence for _ in range(3)]
    assert fences == sorted(set(fences))


def test_a_dataset_that_was_deleted_and_forgotten_never_gets_an_old_generation_or_fence_again(
    records: Records, cache_database: Database[dict[str, Any]]
) -> None:
    before = records.raise_fence(DATASET)
    cache_database["datasets"].delete_many({})
    after = records.raise_fence(DATASET)
    assert after.generation > before.generation
    assert after.fence > before.fence


def test_closing_takes_away_the_generation_and_what_ran_meanwhile_cannot_bring_it_back(records: Records) -> None:
    running = records.raise_fence(DATASET)
    records.close(DATASET)
    assert now(records).generation > running.generation
    assert records.observe(running, Visibility.PUBLIC, REVISION) is None
    assert now(records).visibility is Visibility.CLOSED


def test_closing_a_dataset_that_nobody_knows_makes_no_record(records: Records) -> None:
    records.close(DATASET)
    assert records.find(DATASET) is None


@pytest.mark.parametrize(
    ("before", "closes"), [(Visibility.PUBLIC, True), (Visibility.GATED, True), (Visibility.PRIVATE, False)]
)
def test_a_private_event_closes_only_what_was_more_open(records: Records, before: Visibility, closes: bool) -> None:
    record = observed(records, before)
    records.close_if_more_open_than_private(DATASET)
    assert (now(records).generation > record.generation) is closes


@pytest.mark.parametrize("before", [None, Visibility.PRIVATE, Visibility.CLOSED])
def test_a_job_that_asked_the_hub_before_a_private_event_does_not_open_the_dataset(
    records: Records, before: Visibility | None
) -> None:
    if before is Visibility.PRIVATE:
        observed(records, before)
    elif before is Visibility.CLOSED:
        observed(records, Visibility.PUBLIC)
        records.close(DATASET)
    running = records.raise_fence(DATASET)
    records.close_if_more_open_than_private(DATASET)
    assert records.observe(running, Visibility.PUBLIC, REVISION) is None
    assert now(records).visibility is not Visibility.PUBLIC
    observed(records, Visibility.PUBLIC)


def test_an_older_observation_never_replaces_a_newer_one(records: Records) -> None:
    older = records.raise_fence(DATASET)
    newer = records.raise_fence(DATASET)
    assert records.observe(newer, Visibility.PUBLIC, "b" * 40)
    assert records.observe(older, Visibility.PUBLIC, REVISION) is None
    assert now(records).revision == "b" * 40


@pytest.mark.parametrize(
    ("before", "after", "hidden"),
    [
        (Visibility.PUBLIC, Visibility.PRIVATE, True),
        (Visibility.PUBLIC, Visibility.GATED, True),
        (Visibility.GATED, Visibility.PRIVATE, True),
        (Visibility.PUBLIC, Visibility.MISSING, True),
        (Visibility.PRIVATE, Visibility.PUBLIC, False),
        (Visibility.PUBLIC, Visibility.PUBLIC, False),
    ],
)
def test_whatever_hides_a_dataset_raises_its_generation(
    records: Records, before: Visibility, after: Visibility, hidden: bool
) -> None:
    record = observed(records, before)
    assert (observed(records, after).generation > record.generation) is hidden


def test_a_dataset_is_refreshing_until_a_job_that_started_after_the_event_has_finished(records: Records) -> None:
    running = records.raise_fence(DATASET)
    records.announce(DATASET)
    records.observe(running, Visibility.PUBLIC, REVISION)
    assert now(records).refreshing
    observed(records, Visibility.PUBLIC)
    assert not now(records).refreshing


def test_a_gone_dataset_becomes_a_tombstone_and_a_new_one_of_its_name_does_not_expire(
    records: Records, cache_database: Database[dict[str, Any]]
) -> None:
    observed(records, Visibility.MISSING)
    assert cache_database["datasets"].find_one({"dataset": DATASET})["expires_at"] is not None  # type: ignore[index]
    observed(records, Visibility.PUBLIC)
    assert cache_database["datasets"].find_one({"dataset": DATASET})["expires_at"] is None  # type: ignore[index]


def test_a_walk_meets_every_record_once_a_stretch_at_a_time(records: Records) -> None:
    names = {f"acme/{number}" for number in range(60)}
    for name in names:
        records.raise_fence(name)
    met: list[list[str]] = []
    begin: int | None = 0
    while begin is not None:
        found, begin = records.walk(begin, 10)
        met.append([record.dataset for record in found])
    assert sorted(name for stretch in met for name in stretch) == sorted(names)
    assert len(met) == 6
    assert all(stretch == sorted(stretch, key=place_of) for stretch in met)


def test_a_walk_over_few_records_or_none_is_one_stretch(records: Records) -> None:
    assert records.walk(0, 10) == ([], None)
    records.raise_fence(DATASET)
    found, following = records.walk(0, 10)
    assert ([record.dataset for record in found], following) == ([DATASET], None)


def test_what_the_hub_lists_or_a_job_observes_is_seen_and_names_without_a_record_get_none(records: Records) -> None:
    records.raise_fence(DATASET)
    assert now(records).seen_at is None
    records.mark_seen([DATASET, "acme/unknown"])
    listed = now(records).seen_at
    assert listed is not None
    observed(records, Visibility.PUBLIC)
    again = now(records).seen_at
    assert again is not None
    assert again >= listed
    assert records.find("acme/unknown") is None


def test_records_are_found_many_at_a_time(records: Records) -> None:
    for name in ("acme/a", "acme/b"):
        records.raise_fence(name)
    assert set(records.find_many(["acme/a", "acme/b", "acme/c"])) == {"acme/a", "acme/b"}


def test_an_observation_notes_what_the_revision_is_made_of(records: Records) -> None:
    records.observe(records.raise_fence(DATASET), Visibility.PUBLIC, REVISION, "signature")
    assert now(records).signature == "signature"
    observed(records, Visibility.PUBLIC)
    assert now(records).signature is None
