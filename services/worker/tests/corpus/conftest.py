import pytest

pytest.register_assert_rewrite("services.worker.tests.corpus.checking", "services.worker.tests.corpus.media")

from services.worker.tests.corpus.case import Case, Page, only  # noqa: E402
from services.worker.tests.corpus.running import Runner  # noqa: E402
from services.worker.tests.station import Station  # noqa: E402

_PLAIN = Case("plain", lambda: {"data.csv": b"a\n1\n"}, only(Page({"a": "int64"}, [{"a": 1}])))


@pytest.fixture(scope="session")
def staff_settings() -> dict[str, object]:
    """Workers that give up sooner than usual, so that no case can take all the time there is."""
    return {"JOB_TIMEOUT_SECONDS": 60, "MAX_ATTEMPTS": 3}


@pytest.fixture(scope="module")
def runner(staffed_station: Station, request: pytest.FixtureRequest) -> Runner:
    """Two workers who have had one plain dataset, and a Hub with those that the module's tests are about."""
    runner = Runner(staffed_station)
    runner.warm_up(_PLAIN)
    for item in request.session.items:
        if isinstance(item, pytest.Function) and item.module is request.module:
            case = item.callspec.params["case"]
            assert isinstance(case, Case)
            runner.put(case)
    return runner
