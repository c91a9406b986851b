"""What an upgrade does to what an earlier release wrote."""

from typing import Any

import pytest
from libcommon.digests import digest_of
from pymongo.database import Database

from services.admin.tests.operator import Operator


@pytest.fixture
def cache(operator: Operator) -> Database[dict[str, Any]]:
    """A cache with five answers that an earlier release wrote, without digests."""
    for number in range(5):
        operator.cache.put(f"acme/{number}")
    answers = operator.cache.database["answers"]
    answers.update_many({}, {"$unset": {"digest": ""}})
    return operator.cache.database


def without_digest(cache: Database[dict[str, Any]]) -> int:
    return cache["answers"].count_documents({"digest": {"$exists": False}})


def test_all_answers_get_the_digest_of_their_body(operator: Operator, cache: Database[dict[str, Any]]) -> None:
    before = operator.json("migrations", "list")["migrations"]
    assert [(each["version"], each["applied_at"], each["pending"]) for each in before] == [(1, None, 5)]
    assert operator.json("migrations", "apply")["done"] == {"changed": 5, "in_place": 1}
    assert all(each["digest"] == digest_of(each["body"]) for each in cache["answers"].find())
    (after,) = operator.json("migrations", "list")["migrations"]
    assert after["applied_at"]
    assert after["pending"] == 0


def test_a_dry_run_counts_and_changes_nothing(operator: Operator, cache: Database[dict[str, Any]]) -> None:
    assert operator.done("migrations", "apply", "--dry-run") == "the digests of answers: 5\n"
    assert without_digest(cache) == 5
    assert "migrations" not in cache.list_collection_names()


def test_it_is_done_in_steps_and_may_be_done_again(
    operator: Operator, cache: Database[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("admin.verbs.migrations._LENGTH", 2)
    assert operator.json("migrations", "apply")["done"]["changed"] == 5
    assert len(operator.json("audit", "list")["changes"]) == 4
    applied = operator.json("migrations", "list")["migrations"][0]["applied_at"]
    assert operator.done("migrations", "apply") == "changed: 0, in place: 1\n"
    # What a process of the release before has written since.
    cache["answers"].update_one({}, {"$unset": {"digest": ""}})
    assert operator.json("migrations", "apply")["done"]["changed"] == 0
    assert operator.json("migrations", "apply", "--again")["done"]["changed"] == 1
    assert operator.json("migrations", "list")["migrations"][0]["applied_at"] == applied


def test_an_answer_that_is_replaced_meanwhile_keeps_its_own(
    operator: Operator, cache: Database[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def replaced(body: bytes) -> str:
        cache["answers"].update_many({}, {"$set": {"digest": "of the new one"}, "$inc": {"fence": 1}})
        return digest_of(body)

    monkeypatch.setattr("admin.migrations.digest_of", replaced)
    operator.done("migrations", "apply")
    assert cache["answers"].distinct("digest") == ["of the new one"]
