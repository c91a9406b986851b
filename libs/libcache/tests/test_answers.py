import gzip
from dataclasses import replace
from typing import Any

import pytest
from libcache.answers import Answer, AnswerKey, Answers, Kind
from libcache.reading import StoredAnswer
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


def test_a_digest_tells_answers_apart_also_those_that_were_stored_without(
    records: Records, answers: Answers, stored: Any
) -> None:
    digests = []
    for body in (b"one", b"another", b"one"):
        answers.write(KEY, Answer(body), records.raise_fence(DATASET), REVISION)
        digests.append(StoredAnswer.of(stored()).digest)
        assert StoredAnswer.of({**stored(), "digest": None}).digest == digests[-1]
    assert digests[0] == digests[2] != digests[1]


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
    fresh = {split for split in (*outcomes, "old", "none") if answers.is_fresh(record, "default", split)}
    assert fresh == {"good", "broken"}
    records.close(DATASET)
    assert not answers.is_fresh(with_revision(records.raise_fence(DATASET)), "default", "good")


def test_a_split_is_listed_while_the_listing_of_its_generation_has_it(records: Records, answers: Answers) -> None:
    record = records.raise_fence(DATASET)
    listing = Answer(b"{}", splits=[["default", "train"], ["$generation", "$splits"]])
    assert not answers.is_listed(record, "default", "train")
    answers.write(AnswerKey(Kind.SPLITS, DATASET), listing, record, REVISION)
    assert answers.is_listed(record, "default", "train")
    assert answers.is_listed(record, "$generation", "$splits")
    assert not answers.is_listed(record, "default", "test")
    assert not answers.is_listed(record, "$generation", "$generation")
    records.close(DATASET)
    assert not answers.is_listed(records.raise_fence(DATASET), "default", "train")


def test_a_dataset_has_a_preview_when_one_split_has_rows_in_this_generation(records: Records, answers: Answers) -> None:
    record = records.raise_fence(DATASET)
    assert not answers.has_preview(record)
    answers.write(KEY, Answer(b"rows"), record, REVISION)
    assert answers.has_preview(record)
    records.close(DATASET)
    assert not answers.has_preview(records.raise_fence(DATASET))


LISTING = AnswerKey(Kind.SPLITS, DATASET)
CONTENT = "what the answers are made of"


def claimed(records: Records, revision: str = REVISION, signature: str | None = CONTENT) -> Record:
    """The record as the holder of a new claim has it, after the Hub said this."""
    return replace(records.raise_fence(DATASET), revision=revision, signature=signature)


@pytest.mark.parametrize(
    "answer", [Answer(b"rows"), Answer.of_error(CodedError("CorruptDataError", "mend it"))], ids=["good", "data"]
)
def test_answers_made_of_the_same_content_get_the_new_revision(
    records: Records, answers: Answers, stored: Any, answer: Answer
) -> None:
    for key in (KEY, LISTING):
        answers.write(key, answer, claimed(records), REVISION)
    before = stored()
    now = claimed(records, "b" * 40)
    answers.relabel(now)
    assert {stored(key)["revision"] for key in (KEY, LISTING)} == {now.revision}
    assert (stored()["body"], stored()["written_at"]) == (before["body"], before["written_at"])
    assert answers.fresh_splits(now) == {("default", "train")}


def test_what_another_run_could_change_keeps_its_revision(records: Records, answers: Answers, stored: Any) -> None:
    outcomes = {
        "other content": (Answer(b"rows"), "other content"),
        "unknown content": (Answer(b"rows"), None),
        "hub": (Answer.of_error(CodedError("HfHubError", "later")), CONTENT),
        "access": (Answer.of_error(CodedError("DatasetNotFoundError", "ask for access")), CONTENT),
    }
    keys = {split: AnswerKey(Kind.FIRST_ROWS, DATASET, "default", split) for split in outcomes}
    for split, (answer, signature) in outcomes.items():
        answers.write(keys[split], answer, claimed(records, signature=signature), REVISION)
    answers.write(KEY, Answer(b"rows"), claimed(records), REVISION)
    answers.write(KEY, Answer.of_error(CodedError("HfHubError", "later")), claimed(records), REVISION)
    for signature in (CONTENT, None):
        answers.relabel(claimed(records, "b" * 40, signature))
        assert {stored(key)["revision"] for key in (KEY, *keys.values())} == {REVISION}


def test_answers_of_a_later_claim_or_another_generation_keep_their_revision(
    records: Records, answers: Answers, stored: Any
) -> None:
    older = claimed(records, "b" * 40)
    answers.write(KEY, Answer(b"rows"), claimed(records), REVISION)
    answers.relabel(older)
    assert stored()["revision"] == REVISION
    records.close(DATASET)
    answers.relabel(claimed(records, "b" * 40))
    assert stored()["revision"] == REVISION


def test_a_listing_that_needs_a_new_run_is_none(records: Records, answers: Answers) -> None:
    assert answers.listing(claimed(records)) is None
    answers.write(LISTING, Answer(b"{}", splits=[["default", "train"]]), claimed(records), REVISION)
    listing = answers.listing(claimed(records))
    assert listing is not None
    assert (listing.revision, listing.signature, listing.code) == (REVISION, CONTENT, None)
    assert listing.splits == [("default", "train")]
    answers.write(LISTING, Answer.of_error(CodedError("HfHubError", "later")), claimed(records), REVISION)
    assert answers.listing(claimed(records)) is None


class CutOffError(Exception):
    """What a holder raises that has lost its lease."""


class Between:
    """Counts the calls between batches, and ends them after `most`."""

    def __init__(self, most: int) -> None:
        self.calls = 0
        self._most = most

    def __call__(self) -> None:
        self.calls += 1
        if self.calls > self._most:
            raise CutOffError


def many(records: Records, answers: Answers) -> set[tuple[str, str]]:
    """More answers than one batch has."""
    record = claimed(records)
    splits = [("default", str(number)) for number in range(250)]
    for pair in splits:
        answers.write(AnswerKey(Kind.FIRST_ROWS, DATASET, *pair), Answer(b"rows"), record, REVISION)
    return set(splits)


def test_many_answers_get_the_new_revision_in_batches_and_a_lost_lease_cuts_it_off(
    records: Records, answers: Answers
) -> None:
    splits = many(records, answers)
    now = claimed(records, "b" * 40)
    with pytest.raises(CutOffError):
        answers.relabel(now, between=Between(1))
    assert 0 < len(answers.fresh_splits(now)) < len(splits)
    between = Between(10)
    answers.relabel(now, between=between)
    assert answers.fresh_splits(now) == splits
    assert between.calls > 1


def test_many_first_rows_are_dropped_in_batches_and_a_lost_lease_cuts_it_off(
    records: Records, answers: Answers
) -> None:
    splits = many(records, answers)
    now = claimed(records)
    with pytest.raises(CutOffError):
        answers.drop_first_rows(now, keep=[("default", "7")], between=Between(1))
    assert 0 < len(answers.fresh_splits(now)) < len(splits)
    between = Between(10)
    answers.drop_first_rows(now, keep=[("default", "7")], between=between)
    assert answers.fresh_splits(now) == {("default", "7")}
    assert between.calls > 1
