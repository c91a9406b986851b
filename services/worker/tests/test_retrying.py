"""When a job that the Hub turned away is tried again."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from hub.testing import eventually
from libqueue import clock

from services.worker.tests.station import Station


@contextmanager
def busy_hub(retry_after: int) -> Iterator[str]:
    """A Hub that asks everybody to come back later; the local one would not ask for so much."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(429)
            self.send_header("Retry-After", str(retry_after))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the name it has in the base
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.mark.parametrize(("wanted", "given"), [(900, 900), (10**9, 3600)])
def test_a_job_waits_as_long_as_the_hub_asks_for_but_not_more_than_an_hour(
    station: Station, wanted: int, given: int
) -> None:
    with busy_hub(wanted) as endpoint:
        station.start("datasets", HF_ENDPOINT=endpoint)
        station.event()
        job = eventually(lambda: (job := station.job("datasets"))["failures"] == 1 and job, 30)
    seconds = (job["due_at"] - clock.now(station.queue_database)).total_seconds()
    assert given - 30 < seconds <= given
