import gzip
from typing import Any

import pytest
from libcache.answers import Answer, AnswerKey, Answers, Kind
from libcache.records import Record, Records
from libcommon.errors import CodedError
from pymongo.database import Database

DATASET = "acme/csv"
KEY = AnswerKey(Kind.FIRST_ROWS, DATASET, "default", "train")
REVISION = "a" * 40


@pytest.fixture
def records(cache_database: Database[dict[str, Any]]) -> Records:
    return Records(cache_database)


@pytest.fixture
def answers(cache_database: Database[dict[str, Any]]) -> Answers:
    return Answers(cache_database)


@pytest.fixture
def stored(cache_database: Database[dict[str, Any]]) -> Any:
    def read(key: AnswerKey = KEY) -> Any:
        return cache_database["answers"].find_one(key.filter)

    return read


def with_revision(record: Record) -> Record:
    return Record(record.dataset, record.generation, record.fence, record.visibility, REVISION, 0, 0, 0)


def test_an_answer_is_stored_as_the_bytes_to_send(records: Records, answers: Answers, stored: Any) -> None:
    record = records.raise_fence(DATASET)
    assert answers.write(KEY, Answer(b'{"rows":[]}'), record, REVISION)
    answer = stored()
    assert gzip.decompress(answer["body"]) == b'{"rows":[]}'
    assert (answer["status"], answer["revision"], answer["generation"]) == (200, REVISION, record.generation)


def test_of_two_writers_the_later_claim_wins_whatever_the_order(
    records: Records, answers: Answers, stored: Any
) -> None:
    older, newer = records.raise_fence(DATASET), records.raise_fence(DATASET)
    assert answers.write(KEY, Answer(b"newer"), newer, REVISION)
    assert not answers.write(KEY, Answer(b"older"), older, REVISION)
    assert gzip.decompress(stored()["body"]) == b"newer"


def test_an_error_of_the_data_replaces_a_good_answer(records: Records, answers: Answers, stored: Any) -> None:
    answers.write(KEY, Answer(b"good"), records.raise_fence(DATASET), REVISION)
    error = Answer.of_error(CodedError("CorruptDataError", "mend it"))
    assert answers.write(KEY, error, records.raise_fence(DATASET), REVISION)
    assert (stored()["status"], stored()["code"]) == (422, "CorruptDataError")


@pytest.mark.parametrize("code", ["HfHubError", "UnexpectedError"])
def test_an_error_of_the_hub_or_the_server_leaves_the_last_good_answer_and_marks_it_stale(
    records: Records, answers: Answers, stored: Any, code: str
) -> None:
    answers.write(KEY, Answer(b"good"), records.raise_fence(DATASET), REVISION)
    assert answers.write(KEY, Answer.of_error(CodedError(code, "later")), records.raise_fence(DATASET), REVISION)
    assert gzip.decompress(stored()["body"]) == b"good"
    assert stored()["stale"]


def test_an_error_of_the_hub_is_stored_where_there_is_no_good_answer(
    records: Records, answers: Answers, stored: Any
) -> None:
    answers.write(KEY, Answer(b"good"), records.raise_fence(DATASET), REVISION)
    records.close(DATASET)
    answers.write(KEY, Answer.of_error(CodedError("HfHubError", "later")), records.raise_fence(DATASET), REVISION)
    assert stored()["status"] == 502


def test_splits_that_are_gone_lose_their_rows_and_the_others_keep_them(
    records: Records, answers: Answers, stored: Any
) -> None:
    kept = AnswerKey(Kind.FIRST_ROWS, DATASET, "default", "test")
    for key in (KEY, kept):
        answers.write(key, Answer(b"rows"), records.raise_fence(DATASET), REVISION)
    answers.drop_first_rows(records.raise_fence(DATASET), keep=[("default", "test")])
    assert stored(KEY) is None
    assert stored(kept) is not None


def test_a_later_claims_rows_are_not_dropped(records: Records, answers: Answers, stored: Any) -> None:
    older = records.raise_fence(DATASET)
    answers.write(KEY, Answer(b"rows"), records.raise_fence(DATASET), REVISION)
    answers.drop_first_rows(older)
    assert stored() is not None


def test_only_splits_whose_answer_is_final_at_this_revision_are_fresh(records: Records, answers: Answers) -> None:
    outcomes = {
        "good": Answer(b"rows"),
        "broken": Answer.of_error(CodedError("CorruptDataError", "mend it")),
        "unlucky": Answer.of_error(CodedError("HfHubError", "later")),
    }
    for split, answer in outcomes.items():
        key = AnswerKey(Kind.FIRST_ROWS, DATASET, "default", split)
        answers.write(key, answer, records.raise_fence(DATASET), REVISION)
    old = AnswerKey(Kind.FIRST_ROWS, DATASET, "default", "old")
    answers.write(old, Answer(b"rows"), records.raise_fence(DATASET), "b" * 40)
    record = with_revision(records.raise_fence(DATASET))
    assert answers.fresh_splits(record) == {("default", "good"), ("default", "broken")}


def test_a_split_is_listed_while_the_listing_of_its_generation_has_it(records: Records, answers: Answers) -> None:
    record = records.raise_fence(DATASET)
    listing = Answer(b"{}", splits=[["default", "train"]])
    answers.write(AnswerKey(Kind.SPLITS, DATASET), listing, record, REVISION)
    assert answers.is_listed(record, "default", "train")
    assert not answers.is_listed(record, "default", "test")
    records.close(DATASET)
    assert not answers.is_listed(records.raise_fence(DATASET), "default", "train")


def test_a_dataset_has_a_preview_when_one_split_has_rows_in_this_generation(records: Records, answers: Answers) -> None:
    record = records.raise_fence(DATASET)
    assert not answers.has_preview(record)
    answers.write(KEY, Answer(b"rows"), record, REVISION)
    assert answers.has_preview(record)
    records.close(DATASET)
    assert not answers.has_preview(records.raise_fence(DATASET))
