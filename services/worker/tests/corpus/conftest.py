from collections.abc import Iterator

import pytest

pytest.register_assert_rewrite("services.worker.tests.corpus.checking", "services.worker.tests.corpus.media")

from services.worker.tests.conftest import staffed  # noqa: E402
from services.worker.tests.corpus.case import Case, Page, only  # noqa: E402
from services.worker.tests.corpus.running import Runner  # noqa: E402
from services.worker.tests.station import Station  # noqa: E402

_PLAIN = Case("plain", lambda: {"data.csv": b"a\n1\n"}, only(Page({"a": "int64"}, [{"a": 1}])))


@pytest.fixture(scope="session")
def corpus_station(
    mongo_url: str, session_database_name: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Station]:
    """Workers that give up sooner than usual, so that no case can take all the time there is."""
    directory = tmp_path_factory.mktemp("station")
    with staffed(mongo_url, session_database_name, directory, JOB_TIMEOUT_SECONDS=60, MAX_ATTEMPTS=3) as station:
        _PLAIN.put_into(station.hub.directory)
        yield station


@pytest.fixture(scope="module")
def runner(corpus_station: Station, request: pytest.FixtureRequest) -> Runner:
    """Two workers who have had one plain dataset, and a Hub with those that the module's tests are about."""
    runner = Runner(corpus_station)
    runner.warm_up(_PLAIN)
    for item in request.session.items:
        if isinstance(item, pytest.Function) and item.module is request.module:
            case = item.callspec.params["case"]
            assert isinstance(case, Case)
            runner.put(case)
    return runner
