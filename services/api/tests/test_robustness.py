"""Clients that are slow, greedy or broken: they get what they deserve, and the others are served."""

import asyncio
import re
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
from hub.testing import eventually
from libcache.schema import Visibility

from services.api.tests.process import RunningApi, running_api
from services.api.tests.shelf import Shelf

Make = Callable[..., str]
HEALTHCHECK = b"GET /healthcheck HTTP/1.1\r\nHost: x\r\n\r\n"
MEGABYTE = 1_000_000
# Of the kernel, include/net/tcp_states.h.
ESTABLISHED, CLOSE_WAIT = "01", "08"


@pytest.fixture(scope="module")
def strict(environment: dict[str, str]) -> Iterator[RunningApi]:
    """An api of this module's own, whose memory is measured."""
    with running_api(environment) as api:
        yield api


@pytest.fixture(scope="module")
def impatient(environment: dict[str, str]) -> Iterator[RunningApi]:
    with running_api({**environment, "API_CLIENT_SECONDS": "2"}) as api:
        yield api


def connect(api: RunningApi, receive_buffer: int | None = None) -> socket.socket:
    connection = socket.socket()
    if receive_buffer is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    connection.settimeout(20)
    connection.connect(("127.0.0.1", api.port))
    return connection


def memory(api: RunningApi) -> int:
    """Its resident memory in bytes."""
    (kilobytes,) = re.findall(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{api.process.pid}/status").read_text())
    return int(kilobytes) * 1024


def connections(api: RunningApi) -> int:
    """How many clients' connections it has, in whatever state."""
    listed = [line.split() for line in Path(f"/proc/{api.process.pid}/net/tcp").read_text().splitlines()[1:]]
    of_api = [state for _, local, _, state, *_ in listed if local == f"0100007F:{api.port:04X}"]
    return sum(state in (ESTABLISHED, CLOSE_WAIT) for state in of_api)


def answer_of(connection: socket.socket) -> bytes:
    """What comes until the connection is closed; nothing more than that if it breaks."""
    received = b""
    with suppress(ConnectionError):
        while chunk := connection.recv(65_536):
            received += chunk
    return received


def is_good(connection: socket.socket, request: bytes = HEALTHCHECK) -> bool:
    """Whether a request over it is answered."""
    connection.sendall(request)
    received = b""
    while not received.endswith(b"\r\n\r\nok"):
        chunk = connection.recv(1_000)
        if not chunk:
            return False
        received += chunk
    return received.startswith(b"HTTP/1.1 200")


def is_served(api: RunningApi) -> bool:
    with connect(api) as connection:
        return is_good(connection)


@pytest.mark.parametrize(
    "head",
    [
        b"GET /healthcheck HTTP/1.1\r\nHost: x\r\nX-Long: " + b"x" * 10 * MEGABYTE + b"\r\n\r\n",
        b"GET /healthcheck HTTP/1.1\r\nHost: x\r\n" + b"X-Many: 1\r\n" * MEGABYTE + b"\r\n",
        b"GET /splits?dataset=" + b"x" * 10 * MEGABYTE + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /" + b"x" * 10 * MEGABYTE,
        b"GET /healthcheck HTTP/1.1\r\n" + b"X" * 10 * MEGABYTE,
        b"G" * 10 * MEGABYTE,
    ],
    ids=["a long header", "many headers", "a long query", "a long path", "a long name", "a long method"],
)
def test_a_head_of_ten_megabytes_is_refused_or_cut_off(strict: RunningApi, head: bytes) -> None:
    before = memory(strict)
    with connect(strict) as connection:
        with suppress(ConnectionError):
            connection.sendall(head)
        assert re.match(b"(HTTP/1.1 400 |$)", answer_of(connection)[:20])
    assert memory(strict) - before < 20 * MEGABYTE
    assert is_served(strict)


def test_a_query_that_is_long_but_legal_is_looked_at(strict: RunningApi) -> None:
    answer = strict.http.get("/splits", params={"dataset": "me/x", "more": "x" * 30_000})
    assert answer.status_code == 401


def test_pipelined_requests_are_answered_in_order(strict: RunningApi, shelf: Shelf, dataset: Make) -> None:
    names = [dataset(Visibility.PUBLIC) for _ in range(5)]
    for name in names:
        shelf.fill(name)
    sent = [f"GET /splits?dataset={name} HTTP/1.1\r\nHost: x\r\n\r\n".encode() for name in names] * 4
    with connect(strict) as connection:
        connection.sendall(b"".join(sent) + b"GET /nope HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        received = answer_of(connection)
    assert re.findall(rb"HTTP/1.1 (\d+)", received) == [b"200"] * len(sent) + [b"404"]
    assert re.findall(rb'\[{"dataset":"([^"]+)"', received) == [name.encode() for name in names] * 4


def test_who_sends_without_end_and_reads_nothing_costs_little(strict: RunningApi, shelf: Shelf, dataset: Make) -> None:
    request = large_page(shelf, dataset)
    before = memory(strict)
    with ExitStack() as open_:
        for _ in range(20):
            connection = open_.enter_context(connect(strict, receive_buffer=4_096))
            connection.setblocking(False)
            with suppress(BlockingIOError):
                while connection.send(request * 100):
                    pass
        eventually(lambda: is_served(strict))
        # Each has an answer of a megabyte on its way and the next one ready, however many it asked for.
        assert memory(strict) - before < 20 * 5 * MEGABYTE
    eventually(lambda: connections(strict) <= 1)


def test_half_a_request_is_given_up_after_a_while(impatient: RunningApi) -> None:
    halves = [b"", b"GET /health", b"GET /healthcheck HTTP/1.1\r\nHost: x\r\nX-Slow: "]
    # After an answer: an empty line, a body that nobody wanted.
    late = {HEALTHCHECK: b"\r\n", HEALTHCHECK[:-2] + b"Content-Length: 100\r\n\r\n": b"a"}
    with ExitStack() as open_:
        waiting = [open_.enter_context(connect(impatient)) for _ in halves]
        used = open_.enter_context(connect(impatient))
        assert is_good(used)
        for connection, half in zip(waiting, halves, strict=True):
            connection.sendall(half)
        for request, more in late.items():
            connection = open_.enter_context(connect(impatient))
            assert is_good(connection, request)
            connection.sendall(more)
            waiting.append(connection)
        for connection in waiting:
            assert answer_of(connection) == b""
        # One that is between two requests is kept for longer.
        assert is_good(used)


def test_headers_after_a_body_change_nothing(strict: RunningApi, shelf: Shelf, dataset: Make) -> None:
    name = dataset(Visibility.PRIVATE)
    shelf.fill(name, Visibility.PRIVATE)
    head = f"GET /splits?dataset={name} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    with connect(strict) as connection:
        connection.sendall(head.encode() + b"0\r\nAuthorization: Bearer hf_me\r\n\r\n")
        assert answer_of(connection).startswith(b"HTTP/1.1 401 ")


def test_headers_without_end_after_a_body_are_cut_off(strict: RunningApi) -> None:
    before = memory(strict)
    with connect(strict) as connection, suppress(ConnectionError):
        connection.sendall(b"POST /nope HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-Long: ")
        for _ in range(30):
            connection.sendall(b"x" * MEGABYTE)
        assert answer_of(connection).endswith(b"}")
    assert memory(strict) - before < 10 * MEGABYTE
    assert is_served(strict)


def test_who_does_not_read_keeps_nobody_waiting_who_asks_the_same(
    strict: RunningApi, shelf: Shelf, dataset: Make
) -> None:
    pages = large_page(shelf, dataset)
    name = dataset(Visibility.PUBLIC)
    shelf.fill(name)
    asked = f"GET /splits?dataset={name} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()
    with ExitStack() as open_:
        for number in range(1, 20):
            # For one of these numbers what is in the way fills just what the system holds for the client.
            connection = open_.enter_context(connect(strict, receive_buffer=4_096))
            connection.sendall(pages * number + asked)
        for _ in range(20):
            with connect(strict) as other:
                other.sendall(asked)
                assert answer_of(other).startswith(b"HTTP/1.1 200 ")


def test_answers_come_in_order_and_what_is_no_http_ends_them(strict: RunningApi) -> None:
    with connect(strict) as connection:
        connection.sendall(HEALTHCHECK * 3 + b"FOO\r\n\r\n" + HEALTHCHECK)
        assert re.findall(rb"HTTP/1.1 (\d+)", answer_of(connection)) == [b"200"] * 3


def test_a_reader_that_is_slow_gets_all_of_it(impatient: RunningApi, shelf: Shelf, dataset: Make) -> None:
    request = large_page(shelf, dataset).replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    with connect(impatient, receive_buffer=4_096) as connection:
        connection.sendall(request)
        received = b""
        while chunk := connection.recv(20_000):
            received += chunk
            # No wait for anything: it is this slow.
            time.sleep(0.01)
    assert received.endswith(b"}")
    assert len(received) > 900_000


def test_answers_that_nobody_takes_are_given_up_after_a_while(
    impatient: RunningApi, shelf: Shelf, dataset: Make
) -> None:
    request = large_page(shelf, dataset)
    eventually(lambda: connections(impatient) == 0)
    with ExitStack() as open_:
        for _ in range(5):
            connection = open_.enter_context(connect(impatient, receive_buffer=4_096))
            # More than the system would hold for the client.
            connection.sendall(request * 20)
        eventually(lambda: connections(impatient) == 5)
        eventually(lambda: connections(impatient) == 0)


def large_page(shelf: Shelf, dataset: Make) -> bytes:
    """A request for a page of nearly a megabyte."""
    record = shelf.observe(dataset(Visibility.PUBLIC))
    shelf.list_splits(record, {"default": ["train"]})
    shelf.write_first_rows(record, "default", "train", [{"text": "x" * 9_000} for _ in range(100)])
    path = f"/first-rows?dataset={record.dataset}&config=default&split=train"
    return f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode()


def test_five_thousand_idle_connections_cost_little_and_the_others_are_served(strict: RunningApi) -> None:
    count = 5_000
    before = memory(strict)

    async def hold() -> None:
        held = []
        try:
            for _ in range(count):
                reader, writer = await asyncio.open_connection("127.0.0.1", strict.port)
                writer.write(HEALTHCHECK)
                held.append((reader, writer))
            for reader, _ in held:
                assert (await reader.readline()).startswith(b"HTTP/1.1 200")
            assert await asyncio.to_thread(is_served, strict)
            assert await asyncio.to_thread(lambda: strict.http.get("/ready").status_code) == 200
            assert memory(strict) - before < count * 20_000
            # They are still good.
            reader, writer = held[0]
            writer.write(HEALTHCHECK)
            await reader.readuntil(b"HTTP/1.1 200")
        finally:
            for _, writer in held:
                writer.close()

    asyncio.run(hold())
    eventually(lambda: connections(strict) <= 1, seconds=20)
