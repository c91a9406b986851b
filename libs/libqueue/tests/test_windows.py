"""The few lowest of many documents are found, wherever one looks first."""

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from libqueue.windows import Window, lowest
from pymongo import MongoClient
from pymongo.database import Database

from libs.libqueue.tests.recorder import Recorder

VALUES = st.lists(st.integers(0, 10**9), min_size=0, max_size=40, unique=True)
WINDOWS = st.none() | st.builds(Window, st.integers(0, 10**9), st.integers(1, 10**7))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=VALUES, window=WINDOWS, limit=st.integers(1, 8), enough=st.integers(1, 8))
def test_the_lowest_are_found_from_any_window_and_from_the_one_that_follows(
    queue_database: Database[dict[str, Any]], values: list[int], window: Window | None, limit: int, enough: int
) -> None:
    enough = min(enough, limit)
    collection = queue_database["numbers"]
    collection.delete_many({})
    if values:
        collection.insert_many([{"kind": "x", "value": value} for value in values])
    for _ in range(2):
        found, window = lowest(collection, {"kind": "x"}, "value", limit, window, enough=enough)
        numbers = [document["value"] for document in found]
        assert numbers == sorted(values)[: len(numbers)]
        assert min(enough, len(values)) <= len(numbers) <= limit


def test_while_the_lowest_are_taken_one_by_one_no_search_matches_many_more_than_its_limit(
    queue_database: Database[dict[str, Any]], mongo_url: str
) -> None:
    recorder = Recorder()
    with MongoClient[dict[str, Any]](mongo_url, event_listeners=[recorder]) as client:
        collection = client[queue_database.name]["numbers"]
        collection.insert_many([{"kind": "x", "value": 1000 * number} for number in range(300)])
        # This one has no bound yet, and matches all there are.
        _, window = lowest(collection, {"kind": "x"}, "value", 16, None)
        most = 0
        for _ in range(200):
            recorder.commands.clear()
            found, window = lowest(collection, {"kind": "x"}, "value", 16, window, enough=8)
            sent = [command["filter"] for command in recorder.commands]
            most = max(most, *[collection.count_documents(bounded) for bounded in sent])
            collection.delete_one({"_id": found[0]["_id"]})
        assert 8 <= most <= 4 * 16
