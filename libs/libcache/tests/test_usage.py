"""How much of the assets counts as used."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest
from libcache.assets import Size
from libcache.usage import QuotaError, Usage
from pymongo.database import Database

QUOTA = 100


def used(database: Database[dict[str, Any]]) -> int:
    (document,) = database["usage"].find()
    return int(document["used"])


@pytest.fixture
def usage(cache_database: Database[dict[str, Any]]) -> Usage:
    return Usage(cache_database, QUOTA)


def publish(usage: Usage, size: int) -> bool:
    try:
        with usage.reserved(size):
            return True
    except QuotaError:
        return False


def test_what_fits_is_counted_and_what_does_not_is_not(usage: Usage, cache_database: Database[dict[str, Any]]) -> None:
    assert [publish(usage, size) for size in (60, 41, 40, 1)] == [True, False, True, False]
    assert used(cache_database) == QUOTA


def test_many_at_once_never_go_over_the_quota(usage: Usage) -> None:
    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(lambda _: publish(usage, 7), range(40))) == QUOTA // 7


def test_what_could_not_be_written_is_not_counted(usage: Usage) -> None:
    with pytest.raises(OSError, match="full"), usage.reserved(60):
        raise OSError("full")
    assert publish(usage, QUOTA)


def test_without_a_quota_nothing_is_counted(cache_database: Database[dict[str, Any]]) -> None:
    assert publish(Usage(cache_database, None), 10**15)
    assert cache_database["usage"].count_documents({}) == 0


def test_a_pass_brings_what_was_removed_back(usage: Usage) -> None:
    publish(usage, QUOTA)
    begun = usage.begin()
    usage.end(begun, Size(1, 30))
    assert publish(usage, QUOTA - 30)
    assert not publish(usage, 1)


def test_what_is_published_while_a_pass_goes_on_counts_whether_or_not_it_was_seen(
    usage: Usage, cache_database: Database[dict[str, Any]]
) -> None:
    publish(usage, 50)
    begun = usage.begin()
    publish(usage, 20)
    usage.end(begun, Size(1, 50))
    assert used(cache_database) == 70


def test_a_write_that_failed_while_a_pass_goes_on_never_makes_it_count_too_little(
    usage: Usage, cache_database: Database[dict[str, Any]]
) -> None:
    with suppress(OSError), usage.reserved(60):
        usage.end(usage.begin(), Size(1, 50))
        raise OSError("full")
    assert used(cache_database) == 50


def test_nothing_is_measured_before_the_first_pass_has_ended(usage: Usage) -> None:
    publish(usage, 50)
    assert usage.measured() is None
    usage.end(usage.begin(), Size(2, 50))
    measured = usage.measured()
    assert measured is not None
    assert (measured.size, measured.used_bytes) == (Size(2, 50), 50)
