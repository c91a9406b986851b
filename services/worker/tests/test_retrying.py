"""When a job that the Hub turned away is tried again."""

import pytest
from hub.testing import eventually
from libqueue import clock

from services.worker.tests.stand_in import Reply, standing_in
from services.worker.tests.station import Station


@pytest.mark.parametrize(("wanted", "given"), [(900, 900), (10**9, 3600)])
def test_a_job_waits_as_long_as_the_hub_asks_for_but_not_more_than_an_hour(
    station: Station, wanted: int, given: int
) -> None:
    # The local Hub would not ask for so much.
    with standing_in(lambda _: Reply(429, headers={"Retry-After": str(wanted)})) as endpoint:
        station.start("datasets", HF_ENDPOINT=endpoint)
        station.event()
        job = eventually(lambda: (job := station.job("datasets"))["failures"] == 1 and job, 30)
    seconds = (job["due_at"] - clock.now(station.queue_database)).total_seconds()
    assert given - 30 < seconds <= given
