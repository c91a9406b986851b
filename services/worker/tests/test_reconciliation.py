"""What a comparison with the Hub finds and queues; no job is run but where workers are started."""

from hub.testing import eventually
from libcache.answers import Answer, AnswerKey, Kind
from libcache.schema import Visibility
from libcommon.errors import CodedError
from libqueue.model import JobKey, Outcome, Priority, Setback

from services.worker.tests.comparing import (
    SECONDS,
    Lead,
    change_on_the_hub,
    complete,
    finished,
    is_over,
    put,
    queued,
    take_turns,
)
from services.worker.tests.station import Station


def test_a_pass_finds_all_that_no_webhook_told_and_queues_it_with_low_priority(
    station: Station, lead_passes: Lead
) -> None:
    change_on_the_hub(station)
    complete(station, lead_passes())
    assert queued(station) == {"other/new", "acme/moved", "acme/deleted", "acme/hidden"}
    assert {job["priority"] for job in station.queue_database["jobs"].find()} == {Priority.LOW}
    assert station.record("acme/hidden").visibility is Visibility.CLOSED
    assert station.record("acme/moved").refreshing
    assert not station.record("acme/same").refreshing


def test_where_only_known_datasets_are_compared_the_others_stay_unknown(station: Station, lead_passes: Lead) -> None:
    change_on_the_hub(station)
    complete(station, lead_passes(reconcile_scope="known", reconcile_page_length=2))
    assert queued(station) == {"acme/moved", "acme/deleted", "acme/hidden"}
    assert {station.record(f"acme/{name}").visibility for name in ("deleted", "hidden")} == {Visibility.CLOSED}


def test_a_pass_finds_what_was_left_half_done_and_leaves_alone_what_has_its_job(
    station: Station, lead_passes: Lead
) -> None:
    finished(station, "acme/whole")
    # A page that is missing, and one whose job waits.
    for dataset in ("acme/without-rows", "acme/waiting"):
        record = finished(station, dataset)
        station.answers.drop_first_rows(station.records.raise_fence(record.dataset))
    station.queue.add(JobKey("splits", "acme/waiting", "default", "train"))
    # A listing that was given up, and one that a job died before.
    given_up = finished(station, "acme/given-up")
    station.answers.write(
        AnswerKey(Kind.SPLITS, given_up.dataset),
        Answer.of_error(CodedError("HfHubError", "later")),
        station.records.raise_fence(given_up.dataset),
        given_up.revision,
    )
    revision = put(station, "acme/not-listed")
    station.records.observe(station.records.raise_fence("acme/not-listed"), Visibility.PUBLIC, revision)
    # An event whose job was lost, and a closed dataset whose job was.
    finished(station, "acme/event-lost")
    station.records.announce("acme/event-lost")
    finished(station, "acme/closed")
    station.records.close("acme/closed")
    # What the data is at fault for is finished.
    broken = finished(station, "acme/broken")
    station.answers.write(
        AnswerKey(Kind.FIRST_ROWS, broken.dataset, "default", "train"),
        Answer.of_error(CodedError("CorruptDataError", "mend it")),
        station.records.raise_fence(broken.dataset),
        broken.revision,
    )
    complete(station, lead_passes(reconcile_page_length=3))
    left = {"without-rows", "given-up", "not-listed", "event-lost", "closed"}
    assert queued(station) == {f"acme/{name}" for name in left}


def test_a_blocked_dataset_is_left_alone_whatever_happens_to_it(station: Station, lead_passes: Lead) -> None:
    change_on_the_hub(station)
    for name in ("moved", "deleted", "hidden"):
        station.records.block(f"acme/{name}")
    complete(station, lead_passes())
    assert queued(station) == {"other/new"}


def test_workers_finish_what_a_pass_found(station: Station) -> None:
    change_on_the_hub(station)
    station.start("datasets", RECONCILE_INTERVAL_SECONDS=60, RECONCILE_SCOPE="hub", RECONCILE_PAGE_SECONDS=0)
    station.start("splits")
    eventually(lambda: is_over(station), SECONDS)
    station.settle()
    assert station.rows(dataset="other/new") == [{"n": 1}]
    assert station.rows(dataset="acme/moved") == [{"n": 2}]
    assert station.record("acme/deleted").visibility is Visibility.MISSING
    assert station.record("acme/hidden").visibility is Visibility.PRIVATE
    assert station.rows(dataset="acme/hidden") == [{"n": 1}]


def test_a_record_without_a_place_on_the_ring_gets_it_with_its_next_job(station: Station) -> None:
    station.records.raise_fence("acme/csv")
    station.cache_database["datasets"].update_one({}, {"$unset": {"place": ""}})
    assert station.records.walk(0, 10) == ([], None)
    station.records.raise_fence("acme/csv")
    assert [record.dataset for record in station.records.walk(0, 10)[0]] == ["acme/csv"]


def fail(station: Station, key: AnswerKey, code: str) -> None:
    """Gives up a job of the revision that the record has now."""
    record = station.records.raise_fence(key.dataset)
    assert station.answers.write(key, Answer.of_error(CodedError(code, "given up")), record, record.revision)


def test_what_the_server_gave_up_is_not_tried_again_until_the_dataset_changes(
    station: Station, lead_passes: Lead
) -> None:
    for dataset in ("acme/page", "acme/stale-page", "acme/listing", "acme/hub"):
        finished(station, dataset)
    page = AnswerKey(Kind.FIRST_ROWS, "acme/page", "default", "train")
    station.cache_database["answers"].delete_one(page.filter)
    fail(station, page, "JobOutOfMemoryError")
    fail(station, AnswerKey(Kind.FIRST_ROWS, "acme/stale-page", "default", "train"), "JobManagerCrashedError")
    fail(station, AnswerKey(Kind.FIRST_ROWS, "acme/hub", "default", "train"), "HfHubError")
    # Jobs that list write down what an event told of only when they end well.
    station.records.announce("acme/listing")
    fail(station, AnswerKey(Kind.SPLITS, "acme/listing"), "JobManagerExceededMaximumDurationError")
    put(station, "acme/never-listed")
    fail(station, AnswerKey(Kind.SPLITS, "acme/never-listed"), "UnexpectedError")
    complete(station, lead_passes())
    assert queued(station) == {"acme/hub"}
    for dataset in ("acme/page", "acme/stale-page", "acme/listing"):
        station.put("train.csv", "n\n2\n", dataset)
        eventually(lambda dataset=dataset: station.head(dataset) != station.record(dataset).revision)  # type: ignore[misc]
    first = is_over(station)
    take_turns(lead_passes(), lambda: is_over(station) > first)
    assert queued(station) == {"acme/hub", "acme/page", "acme/stale-page", "acme/listing"}


def test_a_job_that_waits_for_its_time_keeps_it_unless_the_dataset_was_closed(
    station: Station, lead_passes: Lead
) -> None:
    change_on_the_hub(station)
    delayed = JobKey("datasets", "acme/moved")
    station.queue.add(delayed)
    claim = station.queue.claim("datasets", "me")
    assert claim is not None
    station.queue.retry(claim, delay_seconds=600, setback=Setback.FAILURE)
    before = station.queue_database["jobs"].find_one({"_id": str(delayed)})
    station.queue.add(JobKey("datasets", "acme/hidden"))
    running = station.queue.claim("datasets", "me")
    assert running is not None
    complete(station, lead_passes())
    assert station.queue_database["jobs"].find_one({"_id": str(delayed)}) == before
    # What runs already would not see that the dataset was closed meanwhile.
    station.queue.finish(running, Outcome.DONE)
    assert "acme/hidden" in queued(station)
