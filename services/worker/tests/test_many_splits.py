"""A dataset with more splits than can be stored within one lease."""

from hub.testing import eventually

from services.worker.tests.station import Station

SPLITS = 1_200
# Enough for a batch of them, by far not for all.
LEASE_SECONDS = 2


def test_a_dataset_with_many_splits_is_stored_under_a_lease_that_is_kept(station: Station) -> None:
    configs = "".join(f"- config_name: c{number}\n  data_files: train.csv\n" for number in range(SPLITS))
    station.put("train.csv", "n\n1\n")
    station.put("README.md", f"---\nconfigs:\n{configs}---\n")
    eventually(station.head)
    # Whichever is idle takes the job over from the other, should the lease end.
    for _ in range(2):
        station.start("datasets", LEASE_SECONDS=LEASE_SECONDS)
    station.event()
    ended = eventually(lambda: station.ended("datasets"), 90)
    assert (ended["outcome"], ended["attempt"]) == ("done", 1)
    assert station.queue_database["jobs"].count_documents({"type": "splits"}) == SPLITS
